#include "base/run_both.hpp"

#include <exception>
#include <mutex>
#include <thread>

#include "base/cancel.hpp"

namespace base {

void run_both(const std::function<void()>& here, const std::function<void()>& beside) {
  std::stop_source stop;
  std::mutex mutex;
  std::exception_ptr first;
  const auto run = [&](const std::function<void()>& work) {
    const StopScope scope(stop.get_token());
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
      stop.request_stop();
    }
  };
  std::jthread other([&] { run(beside); });
  run(here);
  other.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace base
