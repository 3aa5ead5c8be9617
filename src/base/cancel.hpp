#pragma once
#include <chrono>
#include <exception>
#include <stop_token>

namespace base {

/// Thrown when the process, or the thread's own work, was asked to stop. Not an Error, so that no
/// retry swallows it.
class Cancelled : public std::exception {
 public:
  explicit Cancelled(int signal) : signal_(signal) {}
  int signal() const { return signal_; }  ///< 0 for a StopScope.
  const char* what() const noexcept override { return "stopped"; }

 private:
  int signal_;
};

/// Makes SIGINT, SIGTERM and SIGHUP set a flag and ignores SIGPIPE and SIGXFSZ, for which there are
/// errors. System calls are not restarted, so that a blocked one returns with EINTR.
void install_signal_handlers();

/// The signal that asked the process to stop, or 0.
int cancel_signal();

/// Throws Cancelled once a signal has come or this thread's StopScope was told to stop; called
/// wherever work may take long.
void throw_if_cancelled();

/// While it lives, and for `time` at the most, throw_if_cancelled() on this thread lets a signal
/// wait: for taking back what would stay half done on another machine.
class GraceScope {
 public:
  explicit GraceScope(std::chrono::milliseconds time);
  ~GraceScope();
  GraceScope(const GraceScope&) = delete;
  GraceScope& operator=(const GraceScope&) = delete;
};

/// What this thread's StopScope obeys; never stopped without one. For whoever waits for threads of
/// its own, which that scope does not reach.
std::stop_token thread_stop_token();

/// While it lives, throw_if_cancelled() on this thread obeys `token` too, so that a helper thread
/// nobody waits for any more ends soon, wherever it is. An outer scope comes back afterwards.
class StopScope {
 public:
  explicit StopScope(std::stop_token token);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

 private:
  std::stop_token token_;
  const std::stop_token* outer_;
};

}  // namespace base
