#include "git/held_blobs.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory_resource>
#include <mutex>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "git/scratch_file.hpp"
#include "git/staged_file.hpp"
#include "git/staged_files.hpp"

namespace git {
namespace {

constexpr size_t most_in_memory = 4 * 1024 * 1024;
constexpr size_t enough_in_memory = most_in_memory / 2;
/// Of each blob besides its bytes, so that a million empty ones have a size, too.
constexpr size_t overhead = 128;
/// Up to this size a blob that has to leave the memory goes into one file with others.
constexpr size_t largest_spooled = 4 * 1024;

using Bytes = std::shared_ptr<const std::string>;

}  // namespace

struct HeldBlobs::Held {
  enum class In : uint8_t { memory, spool, file, tree };

  Bytes bytes;                 ///< In memory.
  uint64_t at = 0;             ///< In the spool: where it starts; in a file: the file's number.
  const char* path = nullptr;  ///< In the tree.
  In in = In::memory;
};

struct HeldBlobs::Impl {
  explicit Impl(const std::string& directory) : spool(directory), files(directory) {}

  /// Whoever uses the blobs frees memory at its own pace; but it may also be busy with other work,
  /// or gone.
  void wait_for_user(std::unique_lock<std::mutex>& lock) {
    while (user_goes_on && !user_waits && memory > enough_in_memory) {
      base::throw_if_cancelled();
      const uint64_t before = in_tree;
      room.wait_for(lock, std::chrono::milliseconds(250));
      if (memory > enough_in_memory && in_tree == before) user_goes_on = false;
    }
  }

  void put_away_oldest() {
    std::string together;
    std::vector<Held*> spooled;
    while (memory > enough_in_memory && !in_order.empty()) {
      Held& held = *in_order.front();
      in_order.pop_front();
      if (held.in != Held::In::memory) continue;
      const size_t freed = held.bytes->size() + overhead;
      if (held.bytes->size() > largest_spooled) {
        held.at = files.add(held.bytes);
        held.in = Held::In::file;
        held.bytes.reset();
      } else {
        held.at = together.size();
        together += *held.bytes;
        spooled.push_back(&held);
      }
      memory -= freed;
    }
    if (spooled.empty()) return;
    const uint64_t start = spool.append(together);
    for (Held* held : spooled) {
      held->bytes.reset();
      held->at += start;
      held->in = Held::In::spool;
    }
  }

  void move_into_tree(Held& held, const base::StagedContent::Place& place) {
    if (held.in == Held::In::memory) {
      memory -= held.bytes->size() + overhead;
      held.bytes.reset();
    }
    auto* copy = static_cast<char*>(paths.allocate(place.path.size() + 1, 1));
    std::memcpy(copy, place.path.c_str(), place.path.size() + 1);
    tree = &place.root;
    held.path = copy;
    held.in = Held::In::tree;
    ++in_tree;
    user_goes_on = true;
    if (memory <= enough_in_memory) room.notify_one();
  }

  std::mutex mutex;
  std::condition_variable room;
  std::deque<Held> all;
  std::deque<Held*> in_order;  ///< Those that may still be in memory.
  std::atomic<size_t> memory = 0;
  bool user_waits = false;
  bool user_goes_on = true;
  uint64_t in_tree = 0;
  const base::RootedDir* tree = nullptr;  ///< All of them move into the same.
  ScratchFile spool;
  StagedFiles files;
  std::pmr::monotonic_buffer_resource paths;
};

class HeldBlobs::View : public base::StagedContent {
 public:
  View(Impl& blobs, Held& held) : blobs_(blobs), held_(held) {
    const std::lock_guard lock(blobs_.mutex);
    bytes_ = held_.bytes;
  }

  void read_at(uint64_t offset, std::span<char> buffer) const override {
    if (bytes_) return copy(*bytes_, offset, buffer);
    std::unique_lock lock(blobs_.mutex);
    switch (held_.in) {
      case Held::In::spool:
        lock.unlock();
        return blobs_.spool.read(held_.at + offset, buffer);
      case Held::In::tree: {
        const base::RootedDir& tree = *blobs_.tree;
        lock.unlock();
        return read_file_at(tree, held_.path, offset, buffer);
      }
      default:
        if (const Bytes bytes = blobs_.files.find(file())) return copy(*bytes, offset, buffer);
        // Under the lock, so that it is not moved meanwhile.
        return read_file_at(blobs_.files.path_of(file()), offset, buffer);
    }
  }

  int move_to(int parent, const std::string& name, const Place& place) const override {
    if (bytes_ || !is_in_file()) {
      errno = ENODATA;
      return -1;
    }
    blobs_.files.wait_for(file());
    const std::string from = blobs_.files.path_of(file());
    const std::lock_guard lock(blobs_.mutex);
    const int result = base::move_file(from, parent, name);
    if (result == 0) blobs_.move_into_tree(held_, place);
    return result;
  }

  void stands_at(const Place& place) const override {
    const std::lock_guard lock(blobs_.mutex);
    if (held_.in != Held::In::tree) blobs_.move_into_tree(held_, place);
  }

 private:
  static void copy(const std::string& bytes, uint64_t offset, std::span<char> buffer) {
    if (offset > bytes.size() || buffer.size() > bytes.size() - offset) {
      throw base::Error("a file is shorter than expected");
    }
    std::memcpy(buffer.data(), bytes.data() + offset, buffer.size());
  }
  bool is_in_file() const {
    const std::lock_guard lock(blobs_.mutex);
    return held_.in == Held::In::file;
  }
  uint32_t file() const { return static_cast<uint32_t>(held_.at); }

  Impl& blobs_;
  Held& held_;
  Bytes bytes_;  ///< If it was in memory.
};

HeldBlobs::HeldBlobs(const std::string& directory) : impl_(std::make_unique<Impl>(directory)) {}
HeldBlobs::~HeldBlobs() = default;

HeldBlobs::Held* HeldBlobs::add(std::string bytes) {
  auto shared = std::make_shared<const std::string>(std::move(bytes));
  std::unique_lock lock(impl_->mutex);
  Held& held = impl_->all.emplace_back();
  held.bytes = std::move(shared);
  impl_->memory += held.bytes->size() + overhead;
  impl_->in_order.push_back(&held);
  if (impl_->memory > most_in_memory) {
    impl_->wait_for_user(lock);
    if (impl_->memory > most_in_memory) impl_->put_away_oldest();
  }
  return &held;
}

uint32_t HeldBlobs::reserve() {
  return impl_->files.reserve();
}

std::string HeldBlobs::path_of(uint32_t file) const {
  return impl_->files.path_of(file);
}

HeldBlobs::Held* HeldBlobs::add_file(uint32_t file) {
  const std::lock_guard lock(impl_->mutex);
  Held& held = impl_->all.emplace_back();
  held.at = file;
  held.in = Held::In::file;
  return &held;
}

std::shared_ptr<const base::StagedContent> HeldBlobs::content(Held& blob) {
  return std::make_shared<View>(*impl_, blob);
}

size_t HeldBlobs::in_memory() const {
  return impl_->memory;
}

void HeldBlobs::let_user_wait(bool waits) {
  const std::lock_guard lock(impl_->mutex);
  impl_->user_waits = waits;
  if (waits) impl_->room.notify_one();
}

}  // namespace git
