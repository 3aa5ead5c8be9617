#pragma once
#include <optional>
#include <string>

#include "http/client.hpp"
#include "registry/client.hpp"
#include "registry/standing.hpp"
#include "registry/status.hpp"

namespace registry {

/// Answers the challenges of a registry and of hosts it redirects to. The credentials go to the
/// registry itself and to the token service it names, to nobody else. What one line learns holds
/// for all that share its standing.
class Authenticator {
 public:
  /// `scope` is asked for when a challenge names none. The others must outlive this.
  Authenticator(http::Client& client, const Options& options, Standing& standing,
                std::string scope);

  bool has_credentials() const { return options_.credentials.has_value(); }
  /// How the login has to do with what `target` has answered.
  Login login(const http::Url& target) const;

  /// What to send to `target` now; empty when nothing is known for its origin.
  base::Secret authorization(const http::Url& target) const;
  /// Which scope to ask a token service for. A greeting is challenged with the scope of some
  /// example or of none, so that our own counts there.
  enum class Scope { own, of_challenge };

  /// Learns from a 401 that `sent` was answered with; true when sending again may help.
  /// StatusError when the token service refuses, Error when what the registry asks for would not be
  /// safe.
  bool learn(const http::Request& sent, const http::Headers& headers, Scope scope);
  /// Drops the token that went with `sent`; false when none did.
  bool forget_token(const http::Request& sent);

 private:
  struct TokenQuestion {
    std::string service;  ///< "" when the challenge names none.
    std::string scope;
  };

  /// Where the token service is that `target` names.
  http::Url realm_of(const http::Url& target, const http::Challenge& challenge) const;
  Grant fetch_token(const http::Url& target, const http::Challenge& challenge, Scope scope);
  http::Response ask_token_service(const http::Url& url, const http::Url& target,
                                   bool with_password);
  std::optional<http::Response> refresh(const http::Url& realm, const http::Url& target,
                                        const TokenQuestion& question);
  void check_realm(const http::Url& realm, const http::Url& target) const;

  http::Client& client_;
  const Options& options_;
  Standing& standing_;
  std::string scope_;
};

}  // namespace registry
