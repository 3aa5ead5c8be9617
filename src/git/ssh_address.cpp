#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/ssh_transport.hpp"

namespace git {
namespace {

/// Takes "host", "host:port" or "[address]:port" apart; false when it is none of them.
bool read_host(std::string_view text, SshAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    address.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text[0] != ':') return false;
    if (!text.empty()) port = text.substr(1);
    // An IPv6 address has more than one colon.
    if (const size_t colon = address.host.find(':');
        port.empty() && colon != address.host.npos && colon == address.host.rfind(':')) {
      return read_host(std::string(address.host), address);
    }
  } else {
    const size_t colon = text.find(':');
    address.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (!port.empty()) {
    const auto number = base::parse_number(port);
    if (!number || *number > 65535) return false;
    address.port = static_cast<unsigned>(*number);
  }
  return !address.host.empty() && address.host[0] != '-';
}

/// "/~user/repository" is below that user's home.
std::string from_home(std::string path) {
  if (path.starts_with("/~")) path.erase(0, 1);
  return path;
}

SshAddress parse_url(std::string_view rest, std::string_view uri) {
  SshAddress address;
  const size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    address.user = base::percent_decode(user.substr(0, user.find(':')));
    authority.remove_prefix(at + 1);
  }
  if (slash == std::string_view::npos || rest.size() == slash + 1 ||
      !read_host(authority, address)) {
    throw base::Error(base::cat("source.git.uri ", base::excerpt(display_uri(uri)),
                                ": expected ssh://user@host:port/path"));
  }
  address.path = from_home(base::percent_decode(rest.substr(slash)));
  return address;
}

}  // namespace

std::optional<SshAddress> parse_ssh_address(std::string_view uri) {
  for (const std::string_view scheme : {"ssh://", "git+ssh://", "ssh+git://"}) {
    if (base::to_lower(uri.substr(0, scheme.size())) == scheme) {
      return parse_url(uri.substr(scheme.size()), uri);
    }
  }
  if (uri.find("://") != std::string_view::npos) return std::nullopt;
  // host:path, unless a slash comes first: then it is a path with a colon in it.
  SshAddress address;
  std::string_view rest = uri;
  const size_t at = rest.substr(0, rest.find_first_of(":/[")).find('@');
  if (at != std::string_view::npos) {
    address.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  // A slash was forgotten.
  for (const std::string_view wrong : {"http:/", "https:/", "ssh:/", "file:/"}) {
    if (uri.starts_with(wrong)) return std::nullopt;
  }
  const size_t from = rest.starts_with('[') ? rest.find(']') : 0;
  if (from == std::string_view::npos) return std::nullopt;
  const size_t colon = rest.find(':', from);
  if (colon == std::string_view::npos || rest.find('/') < colon || colon + 1 == rest.size()) {
    return std::nullopt;
  }
  std::string host(rest.substr(0, colon));
  // [user@host:port]:path, for which there is no other place to name a port.
  if (const size_t inner = host.find('@');
      inner != host.npos && host.starts_with('[') && address.user.empty()) {
    address.user = host.substr(1, inner - 1);
    host.erase(1, inner);
  }
  if (!read_host(host, address)) return std::nullopt;
  address.path = from_home(std::string(rest.substr(colon + 1)));
  return address;
}

}  // namespace git
