#pragma once
#include <system_error>
#include <thread>
#include <vector>

namespace base {

/// Up to `count` threads that run `work`: fewer, down to none, where the system allows no more.
template <class Work>
std::vector<std::jthread> start_threads(unsigned count, const Work& work) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  try {
    while (threads.size() < count) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // Those that run do all the work.
  }
  return threads;
}

}  // namespace base
