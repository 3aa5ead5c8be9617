#include "registry/status.hpp"

#include "base/text.hpp"

namespace registry {
namespace {

using base::cat;

std::string header(const http::Response& response, std::string_view name) {
  return base::excerpt(response.headers.get(name).value_or(""));
}

std::string rate_limit(const http::Response& response, Login login) {
  std::string text = "the registry's rate limit is reached";
  const auto add = [&](std::string_view label, std::string_view name, std::string_view unit = "") {
    const std::string value = header(response, name);
    if (!value.empty()) text += cat(", ", label, " ", value, base::parse_number(value) ? unit : "");
  };
  add("limit", "ratelimit-limit");
  add("remaining", "ratelimit-remaining");
  add("counted for", "docker-ratelimit-source");
  add("retry after", "retry-after", " s");
  text += login == Login::none ? "; set username and password for a higher limit" : "; wait";
  // Of other registries a source cannot name a mirror.
  if (response.url.host.ends_with(".docker.io")) text += ", or set registry_mirror";
  return text;
}

/// Docker Hub counts pulls over six hours. It says so in header fields or in words, and every
/// registry may use the code TOOMANYREQUESTS; a short Retry-After tells that waiting does help.
bool is_pull_limit(const http::Response& response, const std::string& words,
                   const std::optional<std::chrono::seconds>& retry_after) {
  constexpr std::chrono::seconds short_wait{60};
  if (response.status != 429 || (retry_after && *retry_after <= short_wait)) return false;
  const std::string lower = base::to_lower(words);
  return response.headers.get("ratelimit-limit") || response.headers.get("ratelimit-remaining") ||
         lower.find("toomanyrequests") != std::string::npos ||
         lower.find("pull rate limit") != std::string::npos;
}

std::string no_access(const http::Response& response, Login login) {
  constexpr const char* text = "not found or no access";
  // A refusal may come with the challenge that others are asked by.
  const std::string others = response.status == 401 ? http::other_logins(response) : "";
  switch (login) {
    case Login::none:
      return cat(text, "; if it is private, set username and password");
    case Login::unasked:
      return others.empty()
                 ? cat(text, "; the registry did not ask for the login")
                 : cat(text,
                       "; the registry takes no user name and password (Basic, Bearer), only ",
                       "other logins (", others, "), of which none is possible here");
    case Login::padded:
      return cat(text, " with this username and password, one of which begins or ends with white ",
                 "space, perhaps a line break");
    case Login::cloud:
      return cat(text, " with the login from the cloud; check what its identity or role may pull");
    default:
      return cat(text, " with this username and password");
  }
}

std::string meaning(const http::Response& response, Login login) {
  if (login == Login::irrelevant) {
    return cat(base::printable(response.url.host_and_port()), " answered ", response.status);
  }
  switch (response.status) {
    case 401:
    case 403:
      return no_access(response, login);
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
  StatusError::Limit limit;
  limit.retry_after = http::retry_after_of(response);
  limit.is_pull_limit = is_pull_limit(response, words, limit.retry_after);
  return {response.status, std::move(message), limit};
}

}  // namespace registry
