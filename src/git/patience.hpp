#pragma once
#include <utility>

#include "http/retry.hpp"

namespace git {

/// Repeats what changes nothing on the far side where that may help: a server is restarted, a
/// server or a proxy has too much to do. A server that was silent until time ran out had its
/// chance.
class Patience {
 public:
  Patience(http::Sleep sleep, base::Log& log) : retry_(most_attempts, std::move(sleep), log) {}

  template <class Action>
  auto run(Action&& action) -> decltype(action()) {
    return retry_.run([&](int) {
      try {
        return action();
      } catch (const http::TransportError& error) {
        if (error.cause() != http::TransportError::Cause::timeout) throw;
        throw base::Error(error.what());
      }
    });
  }

 private:
  static constexpr int most_attempts = 4;  ///< Some seven seconds.
  http::Retry retry_;
};

}  // namespace git
