#include "git/staged_files.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "git/staged_writer.hpp"

namespace git {
namespace {

constexpr size_t most_waiting = 4 * 1024 * 1024;
constexpr size_t few_waiting = most_waiting / 2;
/// Files written between two looks at what waits: the other side should seldom meet the lock taken.
constexpr size_t most_at_once = 32;
/// Of each file besides its bytes, so that a million empty ones have a size, too.
constexpr size_t overhead = 128;

}  // namespace

/// The thread that writes, and what it has not written yet.
class StagedFiles::Writing {
 public:
  void add(uint32_t number, std::string path, Bytes content) {
    std::unique_lock lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    if (waiting_bytes_ > most_waiting) wait(lock, [this] { return waiting_bytes_ < few_waiting; });
    waiting_bytes_ += content->size() + overhead;
    waiting_.push_back({number, std::move(path), std::move(content)});
    if (!thread_.joinable()) {
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    // Whoever is not asleep need not be woken: that costs more than writing a small file.
    if (waiting_.size() == 1) changed_.notify_all();
  }

  /// The bytes of a file that is not written yet, else null.
  Bytes find(uint32_t number) {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    const Job* job = find_job(number);
    return job == nullptr ? nullptr : job->content;
  }

  void wait_for(uint32_t number) {
    std::unique_lock lock(mutex_);
    wait(lock, [&] { return find_job(number) == nullptr; });
  }

 private:
  struct Job {
    uint32_t number;
    std::string path;
    Bytes content;
  };

  const Job* find_job(uint32_t number) const {
    const auto found =
        std::lower_bound(waiting_.begin(), waiting_.end(), number,
                         [](const Job& job, uint32_t wanted) { return job.number < wanted; });
    return found == waiting_.end() || found->number != number ? nullptr : &*found;
  }

  template <class Condition>
  void wait(std::unique_lock<std::mutex>& lock, Condition condition) {
    base::wait_until(changed_, lock, [&] { return failure_ || condition(); });
    if (failure_) std::rethrow_exception(failure_);
  }

  void run(const std::stop_token& stop) {
    const base::StopScope scope(stop);
    std::unique_lock lock(mutex_);
    try {
      while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
        // They stay among the waiting, where they are found, until their files are complete.
        std::vector<const Job*> jobs(std::min(waiting_.size(), most_at_once));
        for (size_t i = 0; i < jobs.size(); ++i) jobs[i] = &waiting_[i];
        lock.unlock();
        for (const Job* job : jobs) {
          StagedWriter file(job->path, job->content->size());
          file.write(*job->content);
          file.finish();
        }
        lock.lock();
        for (size_t i = 0; i < jobs.size(); ++i) {
          waiting_bytes_ -= waiting_.front().content->size() + overhead;
          waiting_.pop_front();
        }
        changed_.notify_all();
      }
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> waiting_;  ///< By number.
  size_t waiting_bytes_ = 0;
  std::exception_ptr failure_;
  std::jthread thread_;
};

StagedFiles::StagedFiles(std::string directory)
    : directory_(std::move(directory)), writing_(std::make_unique<Writing>()) {}

StagedFiles::~StagedFiles() = default;

uint32_t StagedFiles::add(Bytes content) {
  const uint32_t number = reserve();
  writing_->add(number, path_of(number), std::move(content));
  return number;
}

std::string StagedFiles::path_of(uint32_t number) const {
  return base::cat(directory_, "/", number);
}

StagedFiles::Bytes StagedFiles::find(uint32_t number) const {
  return writing_->find(number);
}

void StagedFiles::wait_for(uint32_t number) const {
  writing_->wait_for(number);
}

}  // namespace git
