#include "git/blob_hasher.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "base/threads.hpp"

namespace git {
namespace {

constexpr size_t piece_size = 512 * 1024;
/// Waking a thread costs as much as a small file, so they get several at a time.
constexpr size_t batch_files = 32;
constexpr uint64_t batch_bytes = 1024 * 1024;
constexpr size_t most_waiting = 64;  ///< Batches; so that the list of them stays short.

struct Job {
  const base::Content* content;
  uint64_t size;
  Oid* id;
};
using Batch = std::vector<Job>;

/// One thread's tools.
class Worker {
 public:
  void work_on(const Batch& batch) {
    for (const Job& job : batch) {
      base::throw_if_cancelled();
      *job.id = id_of(job);
    }
  }

 private:
  Oid id_of(const Job& job) {
    hash_object_header(hasher_, ObjectType::blob, job.size);
    for (uint64_t offset = 0; offset < job.size;) {
      base::throw_if_cancelled();
      const auto count = static_cast<size_t>(std::min<uint64_t>(piece_size, job.size - offset));
      if (buffer_.size() < count) buffer_.resize(count);
      job.content->read_at(offset, {buffer_.data(), count});
      hasher_.update({buffer_.data(), count});
      offset += count;
    }
    return Oid::from_raw(hasher_.finish());
  }

  base::Hasher hasher_{base::HashAlgorithm::sha1};
  std::vector<char> buffer_;
};

}  // namespace

struct BlobHasher::Impl {
  explicit Impl(unsigned count) : thread_count(count) {}

  /// What every thread does until it is stopped.
  void run(const std::stop_token& stop) {
    const base::StopScope scope(stop);
    try {
      Worker worker;
      for (;;) {
        {
          std::unique_lock lock(mutex);
          if (!changed.wait(lock, stop, [this] { return !waiting.empty(); })) return;
        }
        work_on_one(worker);
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  /// Takes a batch, if any waits, and works on it; false when none did.
  bool work_on_one(Worker& worker) {
    Batch batch;
    {
      const std::lock_guard lock(mutex);
      if (waiting.empty()) return false;
      batch = std::move(waiting.front());
      waiting.pop_front();
      ++in_work;
    }
    try {
      worker.work_on(batch);
    } catch (...) {
      fail(std::current_exception());
    }
    const std::lock_guard lock(mutex);
    --in_work;
    changed.notify_all();
    return true;
  }

  /// Nothing more is begun after a failure.
  void fail(std::exception_ptr reason) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::move(reason);
    waiting.clear();
  }

  /// Hands over what was collected.
  void flush() {
    if (threads.empty() && thread_count > 0) {
      threads = base::start_threads(std::exchange(thread_count, 0),
                                    [this](const std::stop_token& stop) { run(stop); });
    }
    bool too_many = false;
    {
      const std::lock_guard lock(mutex);
      if (failure) std::rethrow_exception(failure);
      waiting.push_back(std::exchange(collected, {}));
      collected_bytes = 0;
      too_many = waiting.size() > most_waiting;
    }
    changed.notify_one();
    if (too_many) work_on_one(own_worker());
  }

  Worker& own_worker() { return caller_worker ? *caller_worker : caller_worker.emplace(); }

  unsigned thread_count;
  Batch collected;
  uint64_t collected_bytes = 0;
  std::optional<Worker> caller_worker;  ///< Of the thread that calls add() and finish().

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Batch> waiting;
  size_t in_work = 0;
  std::exception_ptr failure;
  std::vector<std::jthread> threads;
};

BlobHasher::BlobHasher(unsigned threads) : impl_(std::make_unique<Impl>(threads)) {}
BlobHasher::~BlobHasher() = default;
BlobHasher::BlobHasher(BlobHasher&&) noexcept = default;

void BlobHasher::add(const base::Content& content, uint64_t size, Oid& id) {
  impl_->collected.push_back({&content, size, &id});
  impl_->collected_bytes += size;
  if (impl_->collected.size() >= batch_files || impl_->collected_bytes >= batch_bytes) {
    impl_->flush();
  }
}

void BlobHasher::finish(const std::stop_token& stop) {
  const base::StopScope scope(stop);
  if (!impl_->collected.empty()) impl_->flush();
  while (impl_->work_on_one(impl_->own_worker())) {}
  {
    std::unique_lock lock(impl_->mutex);
    base::wait_until(impl_->changed, lock,
                     [this] { return impl_->in_work == 0 || impl_->failure; });
    if (impl_->failure) std::rethrow_exception(impl_->failure);
  }
  // The push that follows has better use for their memory.
  impl_->threads.clear();
  impl_->caller_worker.reset();
}

}  // namespace git
