#include "git/staged_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "git/staged_writer.hpp"

namespace git {
namespace {

constexpr size_t most_waiting = 8 * 1024 * 1024;
constexpr size_t few_waiting = most_waiting / 2;
/// Files written between two looks at what waits: the other side should seldom meet the lock taken.
constexpr size_t most_at_once = 32;
/// Of each file besides its bytes, so that a million empty ones have a size, too.
constexpr size_t overhead = 128;

}  // namespace

/// The thread that writes, and what it has not written yet.
class StagedFiles::Writing {
 public:
  using Bytes = std::shared_ptr<const std::string>;

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
    const auto found =
        std::lower_bound(waiting_.begin(), waiting_.end(), number,
                         [](const Job& job, uint32_t wanted) { return job.number < wanted; });
    return found == waiting_.end() || found->number != number ? nullptr : found->content;
  }

  /// Returns when everything is written.
  void flush() {
    std::unique_lock lock(mutex_);
    wait(lock, [this] { return waiting_.empty(); });
  }

 private:
  struct Job {
    uint32_t number;
    std::string path;
    Bytes content;
  };

  template <class Condition>
  void wait(std::unique_lock<std::mutex>& lock, Condition condition) {
    for (;;) {
      if (failure_) std::rethrow_exception(failure_);
      if (condition()) return;
      base::throw_if_cancelled();
      changed_.wait_for(lock, std::chrono::milliseconds(250));
    }
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
        if (waiting_bytes_ < few_waiting) changed_.notify_all();
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

class StagedFiles::File : public base::StagedContent {
 public:
  File(const StagedFiles& files, uint32_t number) : files_(files), number_(number) {}

  void read_at(uint64_t offset, std::span<char> buffer) const override {
    if (const auto bytes = files_.writing_->find(number_)) {
      if (offset > bytes->size() || buffer.size() > bytes->size() - offset) too_short();
      std::memcpy(buffer.data(), bytes->data() + offset, buffer.size());
      return;
    }
    const std::string& taken = files_.taken_[number_];
    const std::string path = taken.empty() ? files_.path_of(number_) : taken;
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) base::throw_errno(base::cat("read ", base::printable(path)));
    if (base::read_full_at(fd.get(), offset, buffer, path) != buffer.size()) too_short();
  }
  std::string available() const override {
    files_.writing_->flush();
    return files_.taken_[number_].empty() ? files_.path_of(number_) : "";
  }
  void taken(const std::string& path) const override { files_.taken_[number_] = path; }

 private:
  [[noreturn]] static void too_short() { throw base::Error("a file is shorter than it was"); }

  const StagedFiles& files_;
  uint32_t number_;
};

StagedFiles::StagedFiles(std::string directory)
    : directory_(std::move(directory)), writing_(std::make_unique<Writing>()) {}

StagedFiles::~StagedFiles() = default;

uint32_t StagedFiles::add(std::string content) {
  const uint32_t number = reserve();
  writing_->add(number, path_of(number), std::make_shared<const std::string>(std::move(content)));
  return number;
}

uint32_t StagedFiles::reserve() {
  taken_.emplace_back();
  return static_cast<uint32_t>(taken_.size() - 1);
}

std::string StagedFiles::path_of(uint32_t number) const {
  return base::cat(directory_, "/", number);
}

std::shared_ptr<const base::StagedContent> StagedFiles::content(uint32_t number) const {
  return std::make_shared<File>(*this, number);
}

}  // namespace git
