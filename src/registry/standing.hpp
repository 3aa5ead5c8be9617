#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "http/url.hpp"
#include "registry/warnings.hpp"

namespace registry {

/// What an origin wants to see in requests, and until when it counts.
struct Grant {
  static constexpr auto for_ever = std::chrono::steady_clock::time_point::max();

  base::Secret authorization{};  ///< Empty: none.
  std::chrono::steady_clock::time_point expiry{};

  bool is_password() const { return !authorization.empty() && expiry == for_ever; }
};

/// What the lines to one registry know together: the scheme it speaks, whether it was greeted, and
/// what it and the hosts it redirects to have granted. Safe to use from several threads.
class Standing {
 public:
  /// `scheme` is the one to try first on `host`.
  Standing(const std::string& host, std::string scheme, base::Log& log)
      : warnings_(host, log), scheme_(std::move(scheme)) {}

  /// The scheme that worked, and before the first answer the one to try.
  std::string scheme() const;
  /// Whether the registry has answered anything yet.
  bool answered() const;
  bool greeted() const;
  void set_greeted(bool greeted);
  /// Notes that the registry has answered at `url`, whose origin is its own from now on.
  void settle_on(const http::Url& url);
  bool is_home(const http::Url& url) const;

  /// What counts for the origin of `url` now.
  Grant grant(const http::Url& url) const;
  void set_grant(const http::Url& url, Grant grant);
  void drop_grant(const http::Url& url);

  /// Held while one thread finds out what others wait for, so that each thing is asked once. Their
  /// holders wait for the network only, where throw_if_cancelled() is called.
  std::mutex& greeting() { return greeting_; }
  std::mutex& logging_in() { return logging_in_; }

  Warnings& warnings() { return warnings_; }

 private:
  mutable std::mutex mutex_;
  std::mutex greeting_;
  std::mutex logging_in_;
  Warnings warnings_;
  std::string scheme_;
  bool answered_ = false;
  bool greeted_ = false;
  http::Url home_;
  std::map<std::string, Grant> grants_;  // By origin.
};

}  // namespace registry
