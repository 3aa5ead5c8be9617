#include "registry/redirect.hpp"

#include <chrono>

#include "base/text.hpp"

namespace registry {
namespace {

constexpr int most_redirects = 10;

}  // namespace

bool leads_inside(const http::Url& from, const http::Url& target) {
  return target.host != from.host && http::may_be_local_host(target.host) &&
         !http::is_local_host(from.host);
}

void discard_body(http::Response& response) {
  constexpr size_t worth_reading = 64 * 1024;
  constexpr std::chrono::seconds worth_waiting{2};
  const auto end = std::chrono::steady_clock::now() + worth_waiting;
  std::string buffer(worth_reading, '\0');
  size_t done = 0;
  try {
    while (done < worth_reading && std::chrono::steady_clock::now() < end) {
      const size_t count = response.body->read(buffer);
      if (count == 0) return;
      done += count;
    }
  } catch (const http::TransportError&) {
    return;  // Then the next request makes a new connection.
  }
}

std::optional<http::Url> redirect_target(const http::Response& response, const http::Url& from,
                                         Insecure insecure) {
  if (!http::is_redirect(response.status)) return std::nullopt;
  const auto location = response.headers.get("Location");
  if (!location) return std::nullopt;
  http::Url target = base::with_context(base::cat(from.display(), " redirects"),
                                        [&] { return from.resolve(*location); });
  if (from.secure() && !target.secure() && insecure == Insecure::no) {
    throw base::Error(base::cat(from.display(), " redirects to plain http (", target.display(),
                                "): set insecure to allow that"));
  }
  if (leads_inside(from, target)) {
    throw base::Error(base::cat(from.display(), " redirects into a private network (",
                                target.display(), "): refused"));
  }
  return target;
}

http::Response follow_redirects(http::Request request, Insecure insecure,
                                const std::function<http::Response(http::Request&)>& send) {
  const std::string asked = request.url.display();
  for (int hops = 0; hops <= most_redirects; ++hops) {
    http::Response response = send(request);
    const auto target = redirect_target(response, request.url, insecure);
    if (!target) return response;
    discard_body(response);
    request.url = *target;
  }
  throw base::Error(base::cat(asked, ": too many redirects"));
}

}  // namespace registry
