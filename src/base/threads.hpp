#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "base/cancel.hpp"

namespace base {

/// How many threads are worth starting for work that takes time and about a megabyte on each: one
/// for each processor, but at least 2 and, however many there are, at most 8.
unsigned worthwhile_threads();

/// Up to `count` threads that run `work`: fewer, down to none, where the system allows no more.
template <class Work>
std::vector<std::jthread> start_threads(unsigned count, const Work& work) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  try {
    while (threads.size() < count) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // Those that run do all the work.
  } catch (const std::bad_alloc&) {
    // To wait for them here would have no end: they wait for the caller in turn.
  }
  return threads;
}

/// The same for work that nobody else does: std::system_error where the system allows no thread.
template <class Work>
std::vector<std::jthread> start_some_threads(unsigned count, const Work& work) {
  std::vector<std::jthread> threads = start_threads(count, work);
  if (threads.empty() && count > 0) threads.emplace_back(work);
  return threads;
}

/// Waits for notices of `changed` until `done`, which is asked with the lock held, and looks every
/// 250 ms for throw_if_cancelled().
template <class Condition, class Lock, class Done>
void wait_until(Condition& changed, Lock& lock, Done done) {
  while (!done()) {
    throw_if_cancelled();
    changed.wait_for(lock, std::chrono::milliseconds(250));
  }
}

/// Calls `action` with 0, 1... up to `count` - 1, on up to `at_once` threads at a time, and returns
/// when all are done. When one fails, no more are begun and the others are stopped at their next
/// throw_if_cancelled(); the failure is thrown here, of several the one with the lowest number. A
/// StopScope of the calling thread stops them, too.
void for_each_at_once(size_t count, unsigned at_once, const std::function<void(size_t)>& action);

}  // namespace base
