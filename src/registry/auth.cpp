#include "registry/auth.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "registry/redirect.hpp"

namespace registry {
namespace {

using base::cat;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr size_t token_limit = 64 * 1024;
constexpr seconds default_lifetime{60};
constexpr seconds expiry_margin{10};

/// The user name in Docker's credential stores that makes the password an identity token.
constexpr std::string_view identity_token_user = "<token>";

const http::Challenge* find_scheme(const std::vector<http::Challenge>& challenges,
                                   std::string_view scheme) {
  const auto found = std::find_if(challenges.begin(), challenges.end(),
                                  [&](const auto& entry) { return entry.scheme == scheme; });
  return found == challenges.end() ? nullptr : &*found;
}

/// What a refusal of this login is to say of it.
Login kind_of(const Credentials& login) {
  if (login.of_cloud) return Login::cloud;
  const auto is_padded = [](std::string_view text) { return base::trim(text) != text; };
  return is_padded(login.username) || is_padded(login.password.reveal()) ? Login::padded
                                                                         : Login::password;
}

/// Some registries hand out tokens for less than a minute and mean at least that; a token that is
/// refused is renewed anyway.
seconds lifetime(const base::JsonView& answer) {
  const std::string text = answer.at("expires_in").scalar_text();
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr int64_t day = 24 * 60 * 60;
  return std::max(default_lifetime, seconds(std::min(number, day)));
}

/// The token in an answer to a question asked at `start`.
Grant read_token(http::Response& response, steady_clock::time_point start) {
  const std::string text = base::read_all(*response.body, token_limit, "the answer");
  const base::JsonDocument document = base::JsonDocument::parse(text, "the answer");
  const base::JsonView answer = document.root();
  std::string token = answer.at("access_token").string_or("");
  if (token.empty()) token = answer.at("token").string_or("");
  if (token.empty()) throw base::Error("the answer has no token");
  return {base::Secret(cat("Bearer ", token)), start + lifetime(answer) - expiry_margin};
}

}  // namespace

Authenticator::Authenticator(http::Client& client, const Options& options, Standing& standing,
                             std::string scope)
    : client_(client), options_(options), standing_(standing), scope_(std::move(scope)) {}

Login Authenticator::login(const http::Url& target) const {
  if (!standing_.is_home(target)) return Login::irrelevant;
  if (!options_.credentials) return Login::none;
  if (authorization(target).empty()) return Login::unasked;
  return kind_of(*options_.credentials);
}

base::Secret Authenticator::authorization(const http::Url& target) const {
  return standing_.grant(target).authorization;
}

bool Authenticator::forget_token(const http::Request& sent) {
  if (sent.authorization.empty()) return false;
  const Grant known = standing_.grant(sent.url);
  if (known.is_password()) return false;
  if (known.authorization.reveal() == sent.authorization.reveal()) standing_.drop_grant(sent.url);
  return true;
}

bool Authenticator::learn(const http::Request& sent, const http::Headers& headers, Scope scope) {
  const http::Url& target = sent.url;
  const std::vector<http::Challenge> challenges =
      http::parse_challenges(headers.all("WWW-Authenticate"));
  const std::lock_guard one_login(standing_.logging_in());
  const Grant known = standing_.grant(target);
  // Another line has logged in while this one was being refused.
  if (known.authorization.reveal() != sent.authorization.reveal() && !known.authorization.empty()) {
    return true;
  }
  const http::Challenge* bearer = find_scheme(challenges, "bearer");
  const http::Challenge* basic = find_scheme(challenges, "basic");
  // Some write a mere name there, and mean the password when they ask for either.
  const bool names_service =
      bearer != nullptr && !bearer->get("realm").empty() &&
      (basic == nullptr || bearer->get("realm").find("://") != std::string::npos);
  if (names_service) {
    standing_.set_grant(target, fetch_token(target, *bearer, scope));
    return true;
  }
  if (known.is_password()) return false;  // It does not get better by being sent again.
  if (basic == nullptr) return false;
  if (!options_.credentials || !standing_.is_home(target)) return false;
  const bool safe =
      target.secure() || options_.insecure == Insecure::yes || http::is_loopback_host(target.host);
  if (!safe) {
    throw base::Error(
        cat(target.host, " asks for the password over plain http: set insecure ", "to allow that"));
  }
  standing_.set_grant(target, {http::basic_authorization(options_.credentials->username,
                                                         options_.credentials->password.reveal()),
                               Grant::for_ever});
  return true;
}

void Authenticator::check_realm(const http::Url& realm, const http::Url& target) const {
  const bool own_loopback =
      !target.secure() && http::is_loopback_host(target.host) && http::is_loopback_host(realm.host);
  if (!realm.secure() && !own_loopback && options_.insecure == Insecure::no) {
    throw base::Error(cat(base::printable(target.host), " names a token service without TLS (",
                          realm.display(), "): set insecure to allow that"));
  }
  if (leads_inside(target, realm)) {
    throw base::Error(cat(base::printable(target.host), " names a token service inside the ",
                          "private network (", realm.display(), "): refused"));
  }
}

http::Response Authenticator::ask_token_service(const http::Url& url, const http::Url& target,
                                                bool with_password) {
  http::Request question;
  question.url = url;
  question.headers = {"Accept: application/json"};
  return follow_redirects(std::move(question), options_.insecure, [&](http::Request& asked) {
    check_realm(asked.url, target);
    asked.authorization = with_password && asked.url.same_origin(url)
                              ? http::basic_authorization(options_.credentials->username,
                                                          options_.credentials->password.reveal())
                              : base::Secret();
    return client_.send(asked);
  });
}

/// What Docker's own tools give as a token that only buys other tokens (OAuth 2, RFC 6749 section
/// 6). Nothing when this service knows no such exchange: GET is then to be tried.
std::optional<http::Response> Authenticator::refresh(const http::Url& realm,
                                                     const http::Url& target,
                                                     const TokenQuestion& question) {
  check_realm(realm, target);
  http::Request request;
  request.method = "POST";
  request.url = realm;
  request.headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"};
  std::string form =
      cat("grant_type=refresh_token&client_id=rootfs-git-resource&scope=",
          base::percent_encode(question.scope),
          "&refresh_token=", base::percent_encode(options_.credentials->password.reveal()));
  if (!question.service.empty()) {
    form += cat("&service=", base::percent_encode(question.service));
  }
  request.content = base::Secret(std::move(form));
  http::Response response = client_.send(request);
  // Google's answers 404, Artifactory 401, Microsoft's at times 400. The form follows no redirect.
  const bool unknown = (response.status >= 300 && response.status < 400) ||
                       response.status == 400 || response.status == 401 || response.status == 404 ||
                       response.status == 405;
  if (unknown) return std::nullopt;
  return response;
}

http::Url Authenticator::realm_of(const http::Url& target, const http::Challenge& challenge) const {
  http::Url realm =
      base::with_context(cat("the token service that ", base::printable(target.host), " names"),
                         [&] { return http::Url::parse(challenge.get("realm")); });
  // A registry behind a proxy that does TLS for it may not know of that.
  const bool is_own = realm.host == target.host && (realm.port == 80 || realm.port == target.port);
  if (is_own && target.secure() && !realm.secure() && options_.insecure == Insecure::no) {
    realm.scheme = target.scheme;
    realm.port = target.port;
  }
  return realm;
}

Grant Authenticator::fetch_token(const http::Url& target, const http::Challenge& challenge,
                                 Scope scope) {
  const http::Url realm = realm_of(target, challenge);
  const std::string asked = scope == Scope::own ? "" : challenge.get("scope");
  const TokenQuestion question{challenge.get("service"), asked.empty() ? scope_ : asked};
  http::Url url = realm;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    url.query += cat(url.query.empty() ? "" : "&", name, "=", base::percent_encode(value));
  };
  add("service", question.service);
  // One parameter for each (Docker's token specification, Requesting a Token). Only the form of
  // OAuth 2 has a list with blanks.
  for (const std::string_view one : base::split(question.scope, ' '))
    add("scope", std::string(one));

  const bool with_password = options_.credentials && standing_.is_home(target);
  const auto start = steady_clock::now();
  return base::with_context(cat("token service ", url.display()), [&] {
    std::optional<http::Response> response;
    if (with_password && options_.credentials->username == identity_token_user) {
      response = refresh(realm, target, question);
    }
    if (!response) response = ask_token_service(url, target, with_password);
    if (response->status != 200) {
      StatusError error = make_status_error(
          *response, with_password ? kind_of(*options_.credentials) : Login::none);
      // That there is no token service does not mean that there is no image.
      if (error.status() == 404) throw base::Error(error.what());
      throw error;
    }
    return read_token(*response, start);
  });
}

}  // namespace registry
