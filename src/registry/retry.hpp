#pragma once
#include <chrono>
#include <random>
#include <string_view>

#include "base/log.hpp"
#include "http/backoff.hpp"
#include "http/client.hpp"
#include "registry/client.hpp"

namespace registry {

using http::may_pass;
using http::next_delay;

/// Whether asking again may be answered differently.
bool may_pass(const StatusError& error);

/// Repeats what failed for a reason that may pass.
class Retry {
 public:
  Retry(const Patience& patience, base::Log& log);

  /// A registry that has answered once is worth more patience than a name that may be misspelt.
  void set_answered() { answered_ = true; }

  /// Runs `action` until it succeeds or patience ends.
  template <class Action>
  auto run(Action&& action) -> decltype(action()) {
    const Running running(running_);
    for (int attempt = 1;; ++attempt) {
      try {
        return action();
      } catch (StatusError& error) {
        if (patience_.fallback == Fallback::yes) throw;
        wait_or_rethrow(error, attempt);
      } catch (http::TransportError& error) {
        if (patience_.fallback == Fallback::yes) throw;
        wait_or_rethrow(error, attempt);
      }
    }
  }

  /// Whether run() is at work, so that what fails now is repeated with all that is around it.
  bool running() const { return running_; }

  enum class Tell { info, debug };

  /// In a handler of the error: waits before the next try, or throws it on when that is useless or
  /// has been done too often. The log says what happened and what comes next, ending with `where`.
  void wait_or_rethrow(StatusError& error, int attempt, std::string_view where = "",
                       Tell tell = Tell::info);
  void wait_or_rethrow(http::TransportError& error, int attempt, std::string_view where = "",
                       Tell tell = Tell::info);

 private:
  class Running {
   public:
    explicit Running(bool& flag) : flag_(flag) { flag_ = true; }
    ~Running() { flag_ = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    bool& flag_;
  };

  void pause(const base::Error& error, std::chrono::milliseconds delay, std::string_view where,
             Tell tell);
  double random();

  Patience patience_;
  base::Log& log_;
  std::mt19937 generator_;
  bool running_ = false;
  bool answered_ = false;
};

}  // namespace registry
