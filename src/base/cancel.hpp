#pragma once
#include <exception>

namespace base {

/// Thrown when the process was asked to stop. Not an Error, so that no retry swallows it.
class Cancelled : public std::exception {
 public:
  explicit Cancelled(int signal) : signal_(signal) {}
  int signal() const { return signal_; }
  const char* what() const noexcept override { return "stopped by a signal"; }

 private:
  int signal_;
};

/// Makes SIGINT, SIGTERM and SIGHUP set a flag and ignores SIGPIPE. System calls are not restarted,
/// so that a blocked one returns with EINTR.
void install_signal_handlers();

/// The signal that asked the process to stop, or 0.
int cancel_signal();

/// Throws Cancelled once a signal has come; called wherever work may take long.
void throw_if_cancelled();

}  // namespace base
