#include "lfs/exchange.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {
namespace {

using base::cat;

constexpr int most_redirects = 5;
// A server may check a large file before it answers.
constexpr std::chrono::seconds reply_timeout{300};

void refuse_downgrade(const http::Url& from, const http::Url& to) {
  if (!from.secure() || to.secure()) return;
  throw base::Error(cat(from.display(), " leads from https to ", to.display(), "; refused"));
}

/// Some servers want files in chunks, because what stands in front of them takes no others that are
/// large. Nothing of HTTP says that; git-lfs goes by the field.
bool wants_chunks(const HeaderFields& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const auto& field) {
    return base::equal_ignoring_case(field.first, "transfer-encoding") &&
           base::equal_ignoring_case(base::trim(field.second.reveal()), "chunked");
  });
}

http::Request request_of(const Exchange& exchange, const http::Url& url, bool foreign) {
  http::Request request;
  request.method = exchange.method;
  request.url = url;
  request.headers = exchange.plain_headers;
  request.stall_timeout = reply_timeout;
  request.decode = exchange.content.has_value();  // Files come as they are stored.
  if (exchange.content) request.content = base::Secret(*exchange.content);
  if (foreign) return request;
  for (const auto& [name, value] : exchange.headers) {
    const std::string lower = base::to_lower(name);
    // What these say, the request says already.
    if (lower == "content-length" || lower == "transfer-encoding") continue;
    if (lower == "authorization") {
      request.authorization = value;
      continue;
    }
    std::erase_if(request.headers, [&](const std::string& line) {
      return base::to_lower(line).starts_with(lower + ":");
    });
    request.headers.push_back(cat(name, ": ", value.reveal()));
  }
  return request;
}

}  // namespace

Reply send(http::Client& client, const Exchange& exchange, const AuthorizationFor& authorization) {
  http::Url url = exchange.url;
  bool foreign = false;    // For the header fields.
  bool elsewhere = false;  // For the login, which may go from http to https.
  for (int hops = 0; hops <= most_redirects; ++hops) {
    http::Request request = request_of(exchange, url, foreign);
    if (request.authorization.empty() && !elsewhere) request.authorization = authorization(url);
    Reply reply;
    if (exchange.open_body) {
      reply.sent = exchange.open_body();
      request.body = reply.sent.get();
      if (foreign || !wants_chunks(exchange.headers)) request.body_size = exchange.body_size;
    }
    reply.response = client.send(request);
    reply.url = url;
    const auto location = reply.response.headers.get("Location");
    if (!http::is_redirect(reply.response.status) || !location) return reply;
    http::Url next = base::with_context(cat(url.display(), " redirects"),
                                        [&] { return url.resolve(*location); });
    refuse_downgrade(url, next);
    // Once elsewhere, a way back is the choice of somebody else.
    foreign = foreign || !next.same_origin(url);
    elsewhere = elsewhere || !url.shares_login(next);
    url = std::move(next);
  }
  throw base::Error(cat(exchange.url.display(), ": too many redirects"));
}

std::unique_ptr<http::Client> Clients::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) {
    auto made = std::make_unique<http::Client>(options_, log_);
    idle_.reserve(++made_);
    return made;
  }
  auto client = std::move(idle_.back());
  idle_.pop_back();
  return client;
}

void Clients::give_back(std::unique_ptr<http::Client> client) noexcept {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
}

}  // namespace lfs
