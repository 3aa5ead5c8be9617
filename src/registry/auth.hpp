#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "registry/client.hpp"

namespace registry {

/// Answers the challenges of a registry and of hosts it redirects to. The credentials go to the
/// registry itself and to the token service it names, to nobody else.
class Authenticator {
 public:
  /// `scope` is asked for when a challenge names none. `client` and `options` must outlive this.
  Authenticator(http::Client& client, const Options& options, std::string scope);

  /// The registry's own origin, known once its scheme is.
  void set_home(const http::Url& home) { home_ = home; }
  bool has_credentials() const { return options_.credentials.has_value(); }

  /// What to send to `target` now; empty when nothing is known for its origin.
  base::Secret authorization(const http::Url& target) const;
  /// Which scope to ask a token service for. A greeting is challenged with the scope of some
  /// example or of none, so that our own counts there.
  enum class Scope { own, of_challenge };

  /// Learns from a 401 of `target`; true when sending again may help. StatusError when the token
  /// service refuses, Error when what the registry asks for would not be safe.
  bool learn(const http::Url& target, const http::Headers& headers, Scope scope);
  /// Drops the token for `target`; false when there is none.
  bool forget_token(const http::Url& target);

 private:
  struct TokenQuestion {
    std::string service;  ///< "" when the challenge names none.
    std::string scope;
  };
  struct Grant {
    base::Secret authorization;
    std::chrono::steady_clock::time_point expiry;
  };

  Grant fetch_token(const http::Url& target, const http::Challenge& challenge, Scope scope);
  http::Response ask_token_service(http::Url url, const http::Url& target, bool with_password);
  std::optional<http::Response> refresh(const http::Url& realm, const http::Url& target,
                                        const TokenQuestion& question);
  void check_realm(const http::Url& realm, const http::Url& target) const;

  http::Client& client_;
  const Options& options_;
  std::string scope_;
  http::Url home_;
  std::map<std::string, Grant> grants_;  // By origin.
};

}  // namespace registry
