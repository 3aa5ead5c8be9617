#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/text.hpp"
#include "http/url.hpp"

namespace http {
namespace {

/// An IPv4 address in every notation the resolver takes ("127.1", "0x7f000001"), since a check of
/// the usual one alone could be walked around; also one that is mapped into IPv6.
std::optional<uint32_t> ipv4_of(const std::string& host) {
  in_addr v4{};
  if (inet_aton(host.c_str(), &v4) != 0) return ntohl(v4.s_addr);
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_V4MAPPED(&v6)) {
    uint32_t address = 0;
    std::memcpy(&address, &v6.s6_addr[12], sizeof address);
    return ntohl(address);
  }
  return std::nullopt;
}

std::optional<in6_addr> ipv6_of(const std::string& host) {
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return v6;
  return std::nullopt;
}

std::string bare(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return base::to_lower(host);
}

bool in_network(uint32_t address, uint32_t network, unsigned bits) {
  return (address >> (32U - bits)) == (network >> (32U - bits));
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const std::string name = bare(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  if (const auto address = ipv4_of(name)) return in_network(*address, 0x7F000000, 8);
  const auto address = ipv6_of(name);
  return address && IN6_IS_ADDR_LOOPBACK(&*address);
}

bool is_local_host(std::string_view host) {
  if (is_loopback_host(host)) return true;
  const std::string name = bare(host);
  if (const auto address = ipv4_of(name)) {
    return in_network(*address, 0x00000000, 8) || in_network(*address, 0x0A000000, 8) ||
           in_network(*address, 0xAC100000, 12) || in_network(*address, 0xC0A80000, 16) ||
           in_network(*address, 0xA9FE0000, 16) ||
           in_network(*address, 0x64400000, 10);  // Of carriers and clouds (RFC 6598).
  }
  const auto address = ipv6_of(name);
  if (!address) return false;
  const bool unique_local = (address->s6_addr[0] & 0xFEU) == 0xFCU;
  return unique_local || IN6_IS_ADDR_LINKLOCAL(&*address) || IN6_IS_ADDR_UNSPECIFIED(&*address);
}

bool may_be_local_host(std::string_view host) {
  const bool is_ascii = std::all_of(host.begin(), host.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return !is_ascii || is_local_host(host);
}

}  // namespace http
