#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "registry/auth.hpp"
#include "registry/client.hpp"
#include "registry/standing.hpp"
#include "registry/status.hpp"

namespace registry {

/// Sends requests to one registry: finds out whether it speaks https or, where that is allowed,
/// http, logs in when asked to, and follows redirects. Belongs to one thread; what it finds out
/// holds for all that share its standing.
class Requests {
 public:
  /// `options`, `standing` and `log` must outlive this.
  Requests(const oci::Reference& reference, const Options& options, Standing& standing,
           base::Log& log);
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  /// The answer to GET or HEAD of `path` ("/v2/..."), whatever its status. Greets the registry
  /// first. StatusError when it already refuses that as too much.
  http::Response send(const std::string& method, const std::string& path,
                      const std::vector<std::string>& headers);
  /// The same for a request that lacks nothing but its address.
  http::Response send(http::Request request, const std::string& path);
  /// The answer to GET of a whole address that an answer to send() has named, with a login where
  /// one would go behind a redirect.
  http::Response get(const http::Url& url, const std::vector<std::string>& headers);
  /// One plain attempt at send(), without waiting: no login and no redirects. Some answer of the
  /// registry must have come before, as that tells its scheme.
  http::PendingResponse start(const std::string& method, const std::string& path,
                              const std::vector<std::string>& headers);
  /// The whole address of `path` on the registry; what start() says holds here too.
  http::Url url(const std::string& path) const;
  /// The answer to a request that goes out of the registry, always without credentials.
  http::Response send_anonymously(http::Request request, const http::Url& url);
  /// What an answer that ends a request means; names who gave it when it was not the registry.
  StatusError refusal(http::Response& response) const;
  /// From now on waits before each send() and get(), the greeting aside, the longer the more
  /// `refusals` of quick requests there were.
  void slow_down(int refusals);

 private:
  void greet();
  void keep_gap() const;
  http::Response follow(http::Request request);
  http::Response send_first(http::Request& request);
  http::Response send_once(http::Request& request);

  std::string host_;
  Insecure insecure_;
  bool scheme_open_;  // Nobody has named one.
  bool plain_allowed_;
  http::Client client_;
  const Options& options_;
  std::optional<http::Client> anonymous_client_;  // Has no client certificate either.
  Authenticator auth_;
  Standing& standing_;
  base::Log& log_;
  const Patience& patience_;
  std::chrono::milliseconds gap_{0};
};

}  // namespace registry
