#include "base/cancel.hpp"

#include <csignal>
#include <initializer_list>

namespace base {
namespace {

// A signal handler has nowhere else to put its message.
volatile std::sig_atomic_t received_signal = 0;

void remember(int signal) {
  received_signal = signal;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = remember;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

int cancel_signal() {
  return received_signal;
}

void throw_if_cancelled() {
  if (received_signal != 0) throw Cancelled(received_signal);
}

}  // namespace base
