#include "lfs/server.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

constexpr size_t largest_answer = 16 * 1024 * 1024;

http::Options http_options(const git::RemoteOptions& remote) {
  http::Options http;
  http.ca_certs = remote.ca_certs;
  http.place = "source.git.";
  http.verify_tls = remote.verify_tls;
  // Some servers tell git-lfs from browsers by this prefix.
  http.user_agent = "git-lfs/3.3.0 (rootfs-git-resource " RESOURCE_VERSION ")";
  return http;
}

StatusError refusal(Operation operation, const Object& object, const Answer& answer) {
  const long code = answer.error_code;
  // The server is there and answers; what is missing is the file.
  constexpr std::string_view lacking =
      "a mirror or a bundle does not bring such files: git lfs push --all does, and so does a put "
      "of the image to there";
  const std::string_view advice =
      code == 404 && operation == Operation::download ? lacking : advice_for(code);
  return {code, std::nullopt,
          cat(base::excerpt(object.path), ": the LFS server refuses it",
              code > 0 ? cat(" (", code, ")") : "", answer.error.empty() ? "" : ": ", answer.error,
              advice.empty() ? "" : "; ", advice)};
}

}  // namespace

Server::Server(Options options, Endpoint endpoint, Sleep sleep, base::Log& log)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      sleep_(std::move(sleep)),
      log_(log),
      clients_(http_options(options_.remote), log),
      access_(options_, endpoint_, log) {}

std::vector<Answer> Server::ask(Operation operation, const std::vector<Object>& objects) {
  const std::string body = encode_batch(operation, options_.ref, objects);
  const std::lock_guard lock(mutex_);
  return retry().run([&](int) {
    http::Url from;
    const auto asked = Clock::now();
    const std::string text = send_batch(operation, body, from);
    auto found = base::with_context(cat(from.display(), ": not the answer of an LFS server"),
                                    [&] { return parse_batch(text, operation, from); });
    std::vector<Answer> answers;
    for (const Object& object : objects) {
      const auto answer = found.find(object.oid);
      if (answer == found.end()) {
        throw Error(cat(from.display(), ": no answer for ", base::excerpt(object.path)));
      }
      const long code = answer->second.error_code;
      if (code != 0 && !http::may_pass(code)) throw refusal(operation, object, answer->second);
      answers.push_back(answer->second);
      answers.back().asked = asked;
    }
    return answers;
  });
}

std::string Server::send_batch(Operation operation, const std::string& body, http::Url& from) {
  for (bool renewed = false;; renewed = true) {
    const Access::Pass& pass = access_.pass(operation);
    Exchange exchange;
    exchange.method = "POST";
    exchange.url = pass.url;
    while (exchange.url.path.ends_with('/')) exchange.url.path.pop_back();
    exchange.url.path += "/objects/batch";
    exchange.headers = pass.headers;
    exchange.plain_headers = {cat("Accept: ", media_type), cat("Content-Type: ", media_type)};
    exchange.content = body;
    BorrowedClient client(clients_);
    Reply reply = base::with_context(cat("ask the LFS server ", exchange.url.display()), [&] {
      return send(*client, exchange,
                  [&](const http::Url& url) { return access_.authorization(url); });
    });
    const long status = reply.response.status;
    if ((status == 401 || status == 403) && !renewed && access_.renew()) continue;
    if (status != 200) throw make_status_error(reply.response, reply.url);
    from = reply.url;
    return base::read_all(*reply.response.body, largest_answer,
                          cat("the answer of ", from.display()));
  }
}

Reply Server::perform(BorrowedClient& client, const Answer& answer, const Action& action,
                      Exchange exchange) {
  exchange.url = action.url;
  exchange.headers = action.headers;
  try {
    Reply reply = send(*client, exchange, [&](const http::Url& url) {
      return answer.authenticated ? base::Secret() : access_.authorization(url);
    });
    if (reply.response.status < 200 || reply.response.status >= 300) {
      throw make_status_error(reply.response, reply.url);
    }
    return reply;
  } catch (const Error&) {
    hide(action.headers, log_);
    throw;
  }
}

bool Ticket::expired() const {
  constexpr std::chrono::seconds reserve{5};
  const std::optional<Action>& action = answer_.*step_;
  return action && action->expires_in &&
         Clock::now() + reserve > answer_.asked + *action->expires_in;
}

void Ticket::renew() {
  answer_ = server_.ask(operation_, {object_}).front();
}

void Ticket::check() const {
  if (answer_.error_code != 0) throw refusal(operation_, object_, answer_);
}

}  // namespace lfs
