#include "base/fetch_ahead.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/cancel.hpp"
#include "base/threads.hpp"

namespace base {
namespace {

constexpr size_t largest_chunk = 256 * 1024;
constexpr size_t most_spare = 8;

using Chunk = std::vector<char>;

/// What is known of one item; guarded by Impl::mutex, but for `item` and `room`, which never
/// change.
struct State {
  FetchAhead::Item item;
  size_t room = 0;  ///< Set aside for its bytes while it is open or unread.
  size_t held = 0;
  std::deque<Chunk> chunks{};
  bool begun = false;
  bool ended = false;    ///< All that will come has come.
  bool dropped = false;  ///< Its reader needs no more.
  std::exception_ptr failure{};
};

}  // namespace

struct FetchAhead::Impl {
  Impl(std::vector<Item> items, const Limits& given) : limits(given) {
    for (Item& item : items) {
      const auto room = static_cast<size_t>(std::min<uint64_t>(item.size, limits.each));
      states.push_back({std::move(item), room});
    }
    const size_t count = std::min<size_t>(limits.at_once, states.size());
    threads = start_some_threads(static_cast<unsigned>(count), [this] { work(stop.get_token()); });
  }

  ~Impl() {
    // All at once: one may be waiting for what another is about to find out.
    stop.request_stop();
    changed.notify_all();
    threads.clear();
  }

  void work(const std::stop_token& stopped) {
    const StopScope scope(stopped);
    while (State* state = begin_next(stopped)) {
      std::exception_ptr failure;
      try {
        fetch(*state, stopped);
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      state->ended = true;
      state->failure = failure;
      if (failure && !first_failure) first_failure = failure;
      changed.notify_all();
    }
  }

  /// The next item, once there is room for it; null when no more are to be opened.
  State* begin_next(const std::stop_token& stopped) {
    std::unique_lock lock(mutex);
    changed.wait(lock, stopped, [this] {
      return first_failure || next == states.size() || set_aside == 0 ||
             set_aside + states[next].room <= limits.together;
    });
    if (stopped.stop_requested() || first_failure || next == states.size()) return nullptr;
    State& state = states[next++];
    state.begun = true;
    if (!state.dropped) set_aside += state.room;
    return &state;
  }

  void fetch(State& state, const std::stop_token& stopped) {
    const auto source = state.item.open();
    for (uint64_t fetched = 0;;) {
      const uint64_t left = state.item.size - std::min(state.item.size, fetched);
      auto chunk = empty_chunk(state, std::min<uint64_t>(left, largest_chunk - 1) + 1, stopped);
      if (!chunk) return;
      const size_t wanted = chunk->size();
      const size_t count = read_full(*source, *chunk);
      chunk->resize(count);
      fetched += count;
      const std::lock_guard lock(mutex);
      if (count > 0) {
        state.held += count;
        state.chunks.push_back(std::move(*chunk));
        changed.notify_all();
      }
      if (count < wanted) return;
    }
  }

  /// Room for `size` bytes, once there is; nothing when nobody wants them.
  std::optional<Chunk> empty_chunk(const State& state, size_t size,
                                   const std::stop_token& stopped) {
    std::unique_lock lock(mutex);
    changed.wait(lock, stopped, [&] {
      // The byte more that is asked for of the last bytes shows the end together with them.
      return state.held == 0 || state.held + size <= state.room + 1 || state.dropped;
    });
    throw_if_cancelled();
    if (state.dropped) return std::nullopt;
    Chunk chunk;
    if (size == largest_chunk && !spare.empty()) {
      chunk = std::move(spare.back());
      spare.pop_back();
    }
    chunk.resize(size);
    return chunk;
  }

  /// The next bytes of an item; none at its end. `used` is the chunk before, for further use.
  Chunk next_chunk(State& state, Chunk used) {
    std::unique_lock lock(mutex);
    if (used.capacity() >= largest_chunk && spare.size() < most_spare) {
      spare.push_back(std::move(used));
    }
    wait_until(changed, lock, [&] {
      return !state.chunks.empty() || state.ended || (!state.begun && first_failure);
    });
    if (state.chunks.empty() && !state.ended) std::rethrow_exception(first_failure);
    if (state.chunks.empty()) {
      if (state.failure) std::rethrow_exception(state.failure);
      drop(state);
      return {};
    }
    Chunk chunk = std::move(state.chunks.front());
    state.chunks.pop_front();
    state.held -= chunk.size();
    changed.notify_all();
    return chunk;
  }

  void drop_from_outside(State& state) {
    const std::lock_guard lock(mutex);
    drop(state);
  }

  /// Gives the room of an item back.
  void drop(State& state) {
    if (std::exchange(state.dropped, true)) return;
    state.chunks.clear();
    if (state.begun) set_aside -= state.room;
    changed.notify_all();
  }

  const Limits limits;
  std::deque<State> states;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<Chunk> spare;
  size_t next = 0;       // The first item that is not begun.
  size_t set_aside = 0;  // The room of all that are begun and not read.
  std::exception_ptr first_failure;
  std::stop_source stop;
  std::vector<std::jthread> threads;
};

class FetchAhead::Reader : public ByteSource {
 public:
  Reader(Impl& impl, State& state) : impl_(impl), state_(state) {}
  ~Reader() override { impl_.drop_from_outside(state_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  size_t read(std::span<char> buffer) override {
    if (position_ == current_.size()) {
      position_ = 0;
      current_ = impl_.next_chunk(state_, std::exchange(current_, {}));
    }
    const size_t count = std::min(buffer.size(), current_.size() - position_);
    std::copy_n(current_.begin() + static_cast<std::ptrdiff_t>(position_), count, buffer.begin());
    position_ += count;
    return count;
  }

 private:
  Impl& impl_;
  State& state_;
  Chunk current_;
  size_t position_ = 0;
};

FetchAhead::FetchAhead(std::vector<Item> items, const Limits& limits)
    : impl_(std::make_unique<Impl>(std::move(items), limits)) {}

FetchAhead::~FetchAhead() = default;

std::unique_ptr<ByteSource> FetchAhead::source(size_t index) {
  return std::make_unique<Reader>(*impl_, impl_->states.at(index));
}

}  // namespace base
