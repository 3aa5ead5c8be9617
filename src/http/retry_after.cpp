#include <curl/curl.h>

#include <charconv>
#include <string>

#include "base/text.hpp"
#include "http/client.hpp"

namespace http {

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::time_t now) {
  const std::string text(base::trim(value));
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ptr != text.data() + text.size() || parsed.ec != std::errc()) {
    const std::time_t date = curl_getdate(text.c_str(), nullptr);
    if (date < 0) return std::nullopt;
    seconds = date - now;
  }
  return std::chrono::seconds(std::max<int64_t>(seconds, 0));
}

std::optional<std::chrono::seconds> retry_after_of(const Response& response) {
  return parse_retry_after(response.headers.get("Retry-After").value_or(""), std::time(nullptr));
}

}  // namespace http
