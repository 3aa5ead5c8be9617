#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "http/client.hpp"

namespace git {

/// A server's refusal for a moment: it is restarted, or has too much to do.
class BusyError : public base::Error {
 public:
  BusyError(std::string message, std::optional<std::chrono::seconds> retry_after)
      : base::Error(std::move(message)), retry_after_(retry_after) {}
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

 private:
  std::optional<std::chrono::seconds> retry_after_;
};

/// Repeats what changes nothing on the far side. It waits three times, some seven seconds, for a
/// server that gives no answer, and then no more until one has come.
class Patience {
 public:
  using Sleep = std::function<void(std::chrono::milliseconds)>;

  /// Lines of the log begin with `where`, if that is not empty.
  Patience(std::string where, Sleep sleep, base::Log& log);

  /// Whether asking once more may help. A server that was silent until time ran out had its chance.
  static bool may_pass(const http::TransportError& error);

  template <class Action>
  auto run(Action&& action) -> decltype(action()) {
    for (int attempt = 1;; ++attempt) {
      try {
        auto result = action();
        waits_ = 0;
        return result;
      } catch (BusyError& error) {
        wait_or_rethrow(error, attempt, error.retry_after());
      } catch (http::TransportError& error) {
        if (!may_pass(error)) throw;
        wait_or_rethrow(error, attempt, std::nullopt);
      }
    }
  }

 private:
  void wait_or_rethrow(base::Error& error, int attempt,
                       std::optional<std::chrono::seconds> retry_after);

  std::string where_;
  Sleep sleep_;
  base::Log& log_;
  std::mt19937 generator_;
  int waits_ = 0;  ///< Since the last answer.
};

}  // namespace git
