#include "registry/requests.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "registry/redirect.hpp"

namespace registry {
namespace {

using base::cat;
using Cause = http::TransportError::Cause;

http::Url address(std::string_view scheme, std::string_view host, std::string_view path) {
  return http::Url::parse(cat(scheme, "://", host, path));
}

http::Options http_options(const Options& options) {
  http::Options http = options.http;
  if (options.insecure == Insecure::yes) http.verify_tls = http::VerifyTls::no;
  return http;
}

http::Options anonymous_options(const Options& options) {
  http::Options http = http_options(options);
  http.client_cert = base::Secret();
  http.client_key = base::Secret();
  return http;
}

/// Whether a failed https request may mean that the server speaks http only. An untrusted
/// certificate does not: falling back would hand the request to whoever holds it.
bool may_speak_plain(Cause cause) {
  return cause == Cause::connect || cause == Cause::proxy_refusal || cause == Cause::tls ||
         cause == Cause::no_tls || cause == Cause::timeout;
}

}  // namespace

Requests::Requests(const oci::Reference& reference, const Options& options, Standing& standing,
                   base::Log& log)
    : host_(reference.wire_host()),
      insecure_(options.insecure),
      scheme_open_(options.scheme.empty()),
      plain_allowed_(scheme_open_ && (insecure_ == Insecure::yes ||
                                      http::is_loopback_host(address("https", host_, "/").host))),
      client_(http_options(options), log),
      options_(options),
      auth_(client_, options, standing, cat("repository:", reference.repository, ":pull")),
      standing_(standing),
      log_(log),
      patience_(options.patience) {}

/// The first request of all goes to https and, where that is allowed, then to http.
http::Response Requests::send_first(http::Request& request) {
  try {
    http::Response response = client_.send(request);
    standing_.settle_on(request.url);
    return response;
  } catch (const http::TransportError& error) {
    if (error.cause() == Cause::no_tls && scheme_open_ && !plain_allowed_) {
      throw http::TransportError(
          Cause::no_tls, cat(base::printable(host_), " does not speak TLS on this port: set ",
                             "insecure: true if plain http is meant"));
    }
    if (!plain_allowed_ || !may_speak_plain(error.cause())) throw;
    log_.debug(cat(error.what(), "; trying http"));
    request.url = address("http", host_, request.url.path);
    try {
      http::Response response = client_.send(request);
      standing_.settle_on(request.url);
      return response;
    } catch (base::Error& second) {
      const std::string_view first = error.what();
      second.add_context(first == second.what() ? "https and then http failed"
                                                : cat("https failed (", first, "), then http"));
      throw;
    }
  }
}

/// Without redirects and logging in.
http::Response Requests::send_once(http::Request& request) {
  http::Response response = !standing_.answered() ? send_first(request) : client_.send(request);
  // Others that are redirected to are not the registry, and what they say is none of its words. An
  // answer to a signed address may quote the signature.
  if (request.url.same_origin(url("/")) && response.confidential.empty()) {
    standing_.warnings().note(response.headers);
  }
  return response;
}

/// GET /v2/ comes before everything else, in all programs. Registries that want a login say so here
/// rather than to the first real request, which then takes as many requests as without greeting;
/// others cost one small answer on the connection that is used next. In return the search for the
/// scheme, the login and the waiting behind a 429 take place where nothing is counted as a pull,
/// and registries (also those of registry-image-resource's tests) see the sequence they know from
/// other clients. What it answers proves nothing else: some registries have no such page.
void Requests::greet() {
  const std::lock_guard one_greeting(standing_.greeting());
  if (standing_.greeted()) return;
  http::Request request;
  request.url = address(standing_.scheme(), host_, "/v2/");
  http::Response response = send_once(request);
  if (response.status == 429) throw refusal(response);
  if (response.status == 401 && auth_.authorization(request.url).empty()) {
    auth_.learn(request, response.headers, Authenticator::Scope::own);
  }
  discard_body(response);
  standing_.set_greeted(true);
}

void Requests::slow_down(int refusals) {
  // A limit without a burst lets the greeting pass and refuses what follows at once, at every
  // attempt alike.
  constexpr int tolerated = 2;
  constexpr int longest = 5;
  gap_ = std::chrono::milliseconds(
      refusals < tolerated ? 0 : 250 << (std::min(refusals, longest) - tolerated));
}

void Requests::keep_gap() const {
  if (gap_.count() > 0) patience_.sleep(gap_);
}

http::Response Requests::follow(http::Request request) {
  return follow_redirects(std::move(request), insecure_, [this](http::Request& asked) {
    // Each address may have a challenge of its own; another host's is answered anonymously.
    for (bool logged_in = false;;) {
      asked.authorization = auth_.authorization(asked.url);
      http::Response response = send_once(asked);
      bool repeat = false;
      if (response.status == 401 && !logged_in) {
        repeat = logged_in =
            auth_.learn(asked, response.headers, Authenticator::Scope::of_challenge);
      } else if (response.status == 400 && !logged_in) {
        // Amazon's public registry answers so when a token has expired.
        repeat = auth_.forget_token(asked);
      }
      if (!repeat) return response;
      discard_body(response);
    }
  });
}

http::Response Requests::send(http::Request request, const std::string& path) {
  if (!standing_.greeted()) greet();
  keep_gap();
  request.url = url(path);
  return follow(std::move(request));
}

http::Response Requests::send(const std::string& method, const std::string& path,
                              const std::vector<std::string>& headers) {
  http::Request request;
  request.method = method;
  request.headers = headers;
  return send(std::move(request), path);
}

http::Response Requests::get(const http::Url& url, const std::vector<std::string>& headers) {
  keep_gap();
  http::Request request;
  request.headers = headers;
  request.url = url;
  return follow(std::move(request));
}

http::PendingResponse Requests::start(const std::string& method, const std::string& path,
                                      const std::vector<std::string>& headers) {
  http::Request request;
  request.method = method;
  request.headers = headers;
  request.url = url(path);
  request.authorization = auth_.authorization(request.url);
  return client_.start(request);
}

StatusError Requests::refusal(http::Response& response) const {
  const Login login = auth_.login(response.url);
  StatusError error = make_status_error(response, login);
  if (login != Login::irrelevant) return error;
  const bool wants_login = response.status == 401 && auth_.has_credentials();
  return {error.status(),
          cat("redirected: ", error.what(),
              wants_login ? cat("; the login is for ", base::printable(host_), " only") : ""),
          error.limit()};
}

http::Url Requests::url(const std::string& path) const {
  return address(standing_.scheme(), host_, path);
}

http::Response Requests::send_anonymously(http::Request request, const http::Url& url) {
  request.url = url;
  if (!anonymous_client_) anonymous_client_.emplace(anonymous_options(options_), log_);
  return follow_redirects(std::move(request), insecure_,
                          [this](http::Request& asked) { return anonymous_client_->send(asked); });
}

}  // namespace registry
