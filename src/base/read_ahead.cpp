#include "base/read_ahead.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "base/threads.hpp"

namespace base {
namespace {

constexpr size_t chunk_size = 256 * 1024;

}  // namespace

struct ReadAhead::Impl {
  Impl(std::function<std::unique_ptr<ByteSource>()> open, size_t limit)
      : most_chunks(std::max<size_t>(2, limit / chunk_size)),
        thread(
            [this, open = std::move(open)](const std::stop_token& stop) { produce(stop, open); }) {}

  void produce(const std::stop_token& stop,
               const std::function<std::unique_ptr<ByteSource>()>& open) {
    const StopScope scope(stop);
    try {
      const auto source = open();
      for (;;) {
        std::vector<char> chunk = empty_chunk(stop);
        const size_t count = read_full(*source, chunk);
        chunk.resize(count);
        if (count == 0) break;
        const std::lock_guard lock(mutex);
        full.push_back(std::move(chunk));
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  }

  std::vector<char> empty_chunk(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    changed.wait(lock, stop, [this] { return full.size() < most_chunks; });
    throw_if_cancelled();
    std::vector<char> chunk;
    if (!spare.empty()) {
      chunk = std::move(spare.back());
      spare.pop_back();
    }
    chunk.resize(chunk_size);
    return chunk;
  }

  /// Makes `current` hold unread bytes; false at the end.
  bool advance() {
    std::unique_lock lock(mutex);
    wait_until(changed, lock, [this] { return !full.empty() || ended; });
    if (full.empty()) {
      if (failure) std::rethrow_exception(failure);
      return false;
    }
    if (current.capacity() > 0) spare.push_back(std::move(current));
    current = std::move(full.front());
    full.pop_front();
    position = 0;
    changed.notify_all();
    return true;
  }

  const size_t most_chunks;
  std::vector<char> current;
  size_t position = 0;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<std::vector<char>> full;
  std::vector<std::vector<char>> spare;
  bool ended = false;
  std::exception_ptr failure;
  std::jthread thread;
};

ReadAhead::ReadAhead(std::function<std::unique_ptr<ByteSource>()> open, size_t limit)
    : impl_(std::make_unique<Impl>(std::move(open), limit)) {}

ReadAhead::~ReadAhead() = default;

size_t ReadAhead::read(std::span<char> buffer) {
  Impl& self = *impl_;
  if (self.position == self.current.size() && !self.advance()) return 0;
  const size_t count = std::min(buffer.size(), self.current.size() - self.position);
  std::memcpy(buffer.data(), self.current.data() + self.position, count);
  self.position += count;
  return count;
}

}  // namespace base
