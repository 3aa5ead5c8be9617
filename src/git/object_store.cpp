#include "git/object_store.hpp"

#include <condition_variable>
#include <mutex>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/held_blobs.hpp"
#include "git/staged_writer.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

/// Whoever waits for an object is woken when some more have come as well: waking it for each one
/// costs more than what it does with a small file.
constexpr unsigned enough_objects = 64;
constexpr size_t enough_bytes = 512 * 1024;

template <class Value>
using ById = std::unordered_map<Oid, Value, OidHash>;

}  // namespace

struct ObjectStore::Impl {
  explicit Impl(const std::string& directory) : held(directory) {}

  struct Blob {
    uint64_t size = 0;
    HeldBlobs::Held* held = nullptr;  ///< Null while it is on its way there.
  };

  void add(ById<std::string>& objects, const Oid& id, std::string&& content) {
    const std::lock_guard lock(mutex);
    objects.try_emplace(id, std::move(content));
    tell(id);
  }

  /// Runs `hold` to get hold of a blob, unless it came before.
  template <class Hold>
  void add_blob(const Oid& id, uint64_t size, Hold hold) {
    std::unique_lock lock(mutex);
    const auto [place, is_new] = blobs.try_emplace(id);
    if (!is_new) return;
    Blob& blob = place->second;
    lock.unlock();
    HeldBlobs::Held* const bytes = hold();
    lock.lock();
    blob = {size, bytes};
    tell(id);
  }

  /// Wakes whoever waits for `id`, which has come, as soon as that is worth it.
  void tell(const Oid& id) {
    if (!asleep) return;
    wanted_came = wanted_came || id == wanted;
    ++came;
    if (wanted_came && (came >= enough_objects || held.in_memory() >= enough_bytes)) wake();
  }

  void wake() {
    asleep = false;
    held.let_user_wait(false);
    changed.notify_one();
  }

  static bool is_there(const std::string& /*content*/) { return true; }
  static bool is_there(const Blob& blob) { return blob.held != nullptr; }

  /// References to what is found stay good.
  template <class Value>
  const Value& find(const ById<Value>& objects, std::string_view kind, const Oid& id) {
    std::unique_lock lock(mutex);
    for (;;) {
      const auto found = objects.find(id);
      if (found != objects.end() && is_there(found->second)) return found->second;
      if (completed) throw Error(cat("the repository did not send the ", kind, " ", id.hex()));
      base::throw_if_cancelled();
      wanted = id;
      wanted_came = false;
      came = 0;
      asleep = true;
      held.let_user_wait(true);
      changed.wait_for(lock, std::chrono::milliseconds(250), [this] { return !asleep; });
      if (asleep) wake();
    }
  }

  std::mutex mutex;
  ById<std::string> commits;
  ById<std::string> trees;
  ById<Blob> blobs;
  bool completed = false;
  HeldBlobs held;

  std::condition_variable changed;
  bool asleep = false;  ///< Whoever looks objects up.
  Oid wanted;
  bool wanted_came = false;
  unsigned came = 0;
};

/// A large blob on its way into a file.
class ObjectStore::Large : public LargeBlob {
 public:
  Large(Impl& store, uint64_t size)
      : store_(store),
        size_(size),
        number_(store.held.reserve()),
        file_(store.held.path_of(number_), size) {}

  void write(std::string_view bytes) override { file_.write(bytes); }
  void finish(const Oid& id) override {
    store_.add_blob(id, size_, [&] {
      file_.finish();
      return store_.held.add_file(number_);
    });
  }

 private:
  Impl& store_;
  uint64_t size_;
  uint32_t number_;
  StagedWriter file_;
};

ObjectStore::ObjectStore(const std::string& directory) : impl_(std::make_unique<Impl>(directory)) {}
ObjectStore::~ObjectStore() = default;

void ObjectStore::commit(const Oid& id, std::string content) {
  impl_->add(impl_->commits, id, std::move(content));
}

void ObjectStore::tree(const Oid& id, std::string content) {
  impl_->add(impl_->trees, id, std::move(content));
}

void ObjectStore::blob(const Oid& id, std::string content) {
  impl_->add_blob(id, content.size(), [&] { return impl_->held.add(std::move(content)); });
}

std::unique_ptr<LargeBlob> ObjectStore::begin_large(uint64_t size) {
  return std::make_unique<Large>(*impl_, size);
}

std::shared_ptr<const base::Content> ObjectStore::read_back(const Oid& id) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->held.content(*impl_->blobs.at(id).held);
}

void ObjectStore::complete() {
  const std::lock_guard lock(impl_->mutex);
  impl_->completed = true;
  if (impl_->asleep) impl_->wake();
}

const std::string& ObjectStore::commit_text(const Oid& id) const {
  return impl_->find(impl_->commits, "commit", id);
}

std::vector<TreeEntry> ObjectStore::tree_entries(const Oid& id) const {
  return parse_tree(impl_->find(impl_->trees, "tree", id));
}

StoredBlob ObjectStore::find_blob(const Oid& id) const {
  const Impl::Blob& blob = impl_->find(impl_->blobs, "file content", id);
  return {blob.size, impl_->held.content(*blob.held)};
}

std::string ObjectStore::read_blob(const Oid& id, uint64_t limit) const {
  const StoredBlob blob = find_blob(id);
  if (blob.size > limit) {
    throw Error(cat("it has ", base::human_size(blob.size), ", more than the limit of ",
                    base::human_size(limit)));
  }
  std::string text(static_cast<size_t>(blob.size), '\0');
  if (!text.empty()) blob.content->read_at(0, text);
  return text;
}

}  // namespace git
