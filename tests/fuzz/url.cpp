#include "http/url.hpp"

#include "fuzz/support/fuzz.hpp"

namespace {

using fuzz::require;

void check(const http::Url& url) {
  require(url.scheme == "http" || url.scheme == "https", "the scheme is http or https");
  require(!url.host.empty() && url.port > 0 && url.port < 65536, "there is a host and a port");
  require(url.path.starts_with('/'), "the path is absolute");
  require(url.text().find_first_of(" \r\n\t") == std::string::npos, "a URL fits a request line");
  const auto again = http::Url::parse(url.text());
  require(again.same_origin(url) && again.path == url.path && again.query == url.query,
          "the text of a URL means the same");
  require(again.username.empty() && again.password.empty(), "the text has no user information");
  require(url.display().find('?') == std::string::npos, "what people see has no query");
}

}  // namespace

// Two lines: a URL, and what a Location or Link header makes of it.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::string_view first = text.substr(0, text.find('\n'));
  const std::string_view second = text.substr(std::min(first.size() + 1, text.size()));
  http::is_local_host(first);
  fuzz::accepts([&] {
    const auto url = http::Url::parse(first);
    check(url);
    http::is_local_host(url.host);
    require(!http::is_loopback_host(url.host) || http::is_local_host(url.host),
            "loopback is local");
    const auto target = url.resolve(second);
    check(target);
    require(target.same_origin(url) || target.password.empty() || second.find('@') != second.npos,
            "a reference to another place does not take the password along");
  });
  return 0;
}
