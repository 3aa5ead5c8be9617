#include "http/no_proxy.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace http {
namespace {

/// An entry without what libcurl does not read; "" when it is about another port.
std::string_view host_in(std::string_view entry, std::string_view port) {
  const size_t colon = entry.rfind(':');
  const bool is_bracketed = entry.starts_with('[');
  // Without brackets, several colons are an IPv6 address.
  const bool has_port = colon != std::string_view::npos &&
                        (is_bracketed ? entry[colon - 1] == ']' : entry.find(':') == colon);
  if (has_port) {
    if (entry.substr(colon + 1) != port) return "";
    entry = entry.substr(0, colon);
  }
  if (is_bracketed && entry.ends_with(']')) return entry.substr(1, entry.size() - 2);
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  return entry;
}

}  // namespace

std::string hosts_without_proxy(std::string_view no_proxy, const Url& target) {
  std::string entries(no_proxy);
  std::replace(entries.begin(), entries.end(), ' ', ',');
  const std::string port = std::to_string(target.port);
  std::string hosts;
  for (const std::string_view entry : base::split(entries, ',')) {
    const std::string_view host = host_in(base::trim(entry), port);
    if (host == "*") return "*";  // Which libcurl knows alone only.
    if (!host.empty()) base::append_item(hosts, ",", host);
  }
  return hosts;
}

std::optional<std::string> hosts_without_proxy(const Url& target) {
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return hosts_without_proxy(value, target);
  }
  return std::nullopt;
}

}  // namespace http
