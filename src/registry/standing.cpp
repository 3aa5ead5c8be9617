#include "registry/standing.hpp"

#include "base/text.hpp"

namespace registry {
namespace {

std::string origin(const http::Url& url) {
  return base::cat(url.scheme, "://", url.host, ":", url.port);
}

}  // namespace

std::string Standing::scheme() const {
  const std::lock_guard lock(mutex_);
  return scheme_;
}

bool Standing::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

bool Standing::greeted() const {
  const std::lock_guard lock(mutex_);
  return greeted_;
}

void Standing::set_greeted(bool greeted) {
  const std::lock_guard lock(mutex_);
  greeted_ = greeted;
}

void Standing::settle_on(const http::Url& url) {
  const std::lock_guard lock(mutex_);
  answered_ = true;
  scheme_ = url.scheme;
  home_ = url;
}

bool Standing::is_home(const http::Url& url) const {
  const std::lock_guard lock(mutex_);
  return url.same_origin(home_);
}

Grant Standing::grant(const http::Url& url) const {
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(origin(url));
  if (found == grants_.end() || std::chrono::steady_clock::now() > found->second.expiry) return {};
  return found->second;
}

void Standing::set_grant(const http::Url& url, Grant grant) {
  const std::lock_guard lock(mutex_);
  grants_[origin(url)] = std::move(grant);
}

void Standing::drop_grant(const http::Url& url) {
  const std::lock_guard lock(mutex_);
  grants_.erase(origin(url));
}

}  // namespace registry
