#include "registry/status.hpp"

#include "base/text.hpp"

namespace registry {
namespace {

using base::cat;

std::string header(const http::Response& response, std::string_view name) {
  return base::printable(response.headers.get(name).value_or(""));
}

std::string rate_limit(const http::Response& response, Login login) {
  std::string text = "the registry's rate limit is reached";
  const auto add = [&](std::string_view label, std::string_view name) {
    const std::string value = header(response, name);
    if (!value.empty()) text += cat(", ", label, " ", value);
  };
  add("limit", "ratelimit-limit");
  add("remaining", "ratelimit-remaining");
  add("counted for", "docker-ratelimit-source");
  add("retry after", "retry-after");
  if (login == Login::none) text += "; set username and password for a higher limit";
  return text;
}

std::string meaning(const http::Response& response, Login login) {
  switch (response.status) {
    case 401:
    case 403:
      return login == Login::none
                 ? "not found or no access; if it is private, set username and password"
                 : "not found or no access with this username and password";
    case 404:
      return "not found";
    case 429:
      return rate_limit(response, login);
    default:
      return cat("the registry answered ", response.status);
  }
}

}  // namespace

StatusError make_status_error(http::Response& response, Login login) {
  const std::string words = http::describe_error_body(response);
  std::string message = meaning(response, login);
  if (!words.empty()) message += cat(" (", words, ")");
  return {response.status, std::move(message)};
}

}  // namespace registry
