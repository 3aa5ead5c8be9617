#include "base/cancel.hpp"

#include <atomic>
#include <csignal>
#include <initializer_list>
#include <utility>

namespace base {
namespace {

// A signal handler has nowhere else to put its message, and all threads read it.
std::atomic<int> received_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

// What this thread's StopScope obeys.
thread_local const std::stop_token* thread_stop = nullptr;

// Until when this thread's GraceScope holds.
thread_local std::chrono::steady_clock::time_point thread_grace{};

void remember(int signal) {
  received_signal = signal;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = remember;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  action.sa_handler = SIG_IGN;
  for (const int signal : {SIGPIPE, SIGXFSZ}) sigaction(signal, &action, nullptr);
}

int cancel_signal() {
  return received_signal;
}

void throw_if_cancelled() {
  const int signal = received_signal;
  if (signal != 0 && std::chrono::steady_clock::now() >= thread_grace) throw Cancelled(signal);
  if (thread_stop != nullptr && thread_stop->stop_requested()) throw Cancelled(0);
}

GraceScope::GraceScope(std::chrono::milliseconds time) {
  thread_grace = std::chrono::steady_clock::now() + time;
}
GraceScope::~GraceScope() {
  thread_grace = {};
}

std::stop_token thread_stop_token() {
  return thread_stop == nullptr ? std::stop_token() : *thread_stop;
}

StopScope::StopScope(std::stop_token token) : token_(std::move(token)), outer_(thread_stop) {
  thread_stop = &token_;
}
StopScope::~StopScope() {
  thread_stop = outer_;
}

}  // namespace base
