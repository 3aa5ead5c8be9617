#include "base/threads.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stop_token>

namespace base {
namespace {

/// What several threads do in turn until all is done or something fails.
class Work {
 public:
  Work(size_t count, const std::function<void(size_t)>& action) : count_(count), action_(action) {}

  void take_part() {
    const StopScope scope(stop_.get_token());
    for (size_t i = next_++; i < count_ && !stop_.stop_requested(); i = next_++) {
      try {
        action_(i);
      } catch (const Cancelled& cancelled) {
        // Those that were only stopped have nothing to tell.
        if (cancelled.signal() != 0) fail(i, std::current_exception());
      } catch (...) {
        fail(i, std::current_exception());
      }
    }
  }

  void stop() { stop_.request_stop(); }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void fail(size_t index, std::exception_ptr failure) {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    if (failure_ && failed_at_ < index) return;
    failure_ = std::move(failure);
    failed_at_ = index;
  }

  size_t count_;
  const std::function<void(size_t)>& action_;
  std::atomic<size_t> next_ = 0;
  std::stop_source stop_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  size_t failed_at_ = 0;
};

}  // namespace

unsigned worthwhile_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 2U, 8U);
}

void for_each_at_once(size_t count, unsigned at_once, const std::function<void(size_t)>& action) {
  Work work(count, action);
  const std::stop_callback stopped(thread_stop_token(), [&work] { work.stop(); });
  auto threads = start_threads(static_cast<unsigned>(std::min<size_t>(count, at_once)),
                               [&work] { work.take_part(); });
  if (threads.empty()) work.take_part();
  threads.clear();
  work.rethrow();
  // What was stopped from outside is not done.
  throw_if_cancelled();
}

}  // namespace base
