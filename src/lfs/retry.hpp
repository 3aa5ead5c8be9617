#pragma once
#include <chrono>
#include <functional>
#include <random>

#include "base/log.hpp"
#include "http/backoff.hpp"
#include "lfs/status_error.hpp"

namespace lfs {

/// How the waiting between attempts is done; a test passes a function that does not wait.
using Sleep = std::function<void(std::chrono::milliseconds)>;

/// Repeats what failed for a reason that may pass.
class Retry {
 public:
  Retry(Sleep sleep, base::Log& log)
      : sleep_(std::move(sleep)), log_(log), generator_(std::random_device{}()) {}

  /// Runs `action` with 1, 2... until it succeeds or patience ends.
  template <class Action>
  auto run(Action&& action) -> decltype(action(1)) {
    for (int attempt = 1;; ++attempt) {
      try {
        return action(attempt);
      } catch (const StatusError& error) {
        if (!http::may_pass(error.status())) throw;
        wait_or_give_up(error, attempt, error.retry_after());
      } catch (const http::TransportError& error) {
        if (!http::may_pass(error)) throw;
        wait_or_give_up(error, attempt, std::nullopt);
      }
    }
  }

  /// Waits, or throws a plain Error when that was done often enough.
  void wait_or_give_up(const base::Error& error, int attempt,
                       std::optional<std::chrono::seconds> retry_after);

 private:
  Sleep sleep_;
  base::Log& log_;
  std::mt19937 generator_;
};

}  // namespace lfs
