#include "git/object_store.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/scratch_file.hpp"
#include "git/staged_files.hpp"
#include "git/staged_writer.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

/// Up to this size a blob is kept in one file with others: links, and what is too small for a file
/// to be made ahead of time.
constexpr size_t largest_spooled = 1024;

class SpooledFile : public base::Content {
 public:
  SpooledFile(const ScratchFile& file, uint64_t start) : file_(file), start_(start) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    file_.read(start_ + offset, buffer);
  }

 private:
  const ScratchFile& file_;
  uint64_t start_;
};

}  // namespace

struct ObjectStore::Impl {
  explicit Impl(const std::string& path) : spool(path), files(path) {}

  struct Spooled {
    uint64_t start;
    uint32_t size;
  };
  struct Staged {
    uint64_t size;
    uint32_t number;
  };
  bool has_blob(const Oid& id) const { return spooled.contains(id) || staged.contains(id); }

  ScratchFile spool;
  StagedFiles files;
  std::unordered_map<Oid, std::string, OidHash> commits;
  std::unordered_map<Oid, std::string, OidHash> trees;
  std::unordered_map<Oid, Spooled, OidHash> spooled;
  std::unordered_map<Oid, Staged, OidHash> staged;
};

/// A large blob on its way into a file.
class ObjectStore::Large : public LargeBlob {
 public:
  Large(Impl& store, uint64_t size)
      : store_(store),
        size_(size),
        number_(store.files.reserve()),
        file_(store.files.path_of(number_), size) {}

  void write(std::string_view bytes) override { file_.write(bytes); }
  void finish(const Oid& id) override {
    if (store_.has_blob(id)) return;
    file_.finish();
    store_.staged.emplace(id, Impl::Staged{size_, number_});
  }

 private:
  Impl& store_;
  uint64_t size_;
  uint32_t number_;
  StagedWriter file_;
};

namespace {

[[noreturn]] void missing(std::string_view kind, const Oid& id) {
  throw Error(cat("the repository did not send the ", kind, " ", id.hex()));
}

}  // namespace

ObjectStore::ObjectStore(const std::string& directory) : impl_(std::make_unique<Impl>(directory)) {}
ObjectStore::~ObjectStore() = default;

void ObjectStore::commit(const Oid& id, std::string content) {
  impl_->commits.emplace(id, std::move(content));
}

void ObjectStore::tree(const Oid& id, std::string content) {
  impl_->trees.emplace(id, std::move(content));
}

void ObjectStore::blob(const Oid& id, std::string content) {
  if (impl_->has_blob(id)) return;
  const size_t size = content.size();
  if (size <= largest_spooled) {
    impl_->spooled.emplace(
        id, Impl::Spooled{impl_->spool.append(content), static_cast<uint32_t>(size)});
  } else {
    impl_->staged.emplace(id, Impl::Staged{size, impl_->files.add(std::move(content))});
  }
}

std::unique_ptr<LargeBlob> ObjectStore::begin_large(uint64_t size) {
  return std::make_unique<Large>(*impl_, size);
}

std::shared_ptr<const base::Content> ObjectStore::read_back(const Oid& id) {
  return find_blob(id).content;
}

const std::string& ObjectStore::commit_text(const Oid& id) const {
  const auto found = impl_->commits.find(id);
  if (found == impl_->commits.end()) missing("commit", id);
  return found->second;
}

std::vector<TreeEntry> ObjectStore::tree_entries(const Oid& id) const {
  const auto found = impl_->trees.find(id);
  if (found == impl_->trees.end()) missing("tree", id);
  return parse_tree(found->second);
}

StoredBlob ObjectStore::find_blob(const Oid& id) const {
  const auto spooled = impl_->spooled.find(id);
  if (spooled != impl_->spooled.end()) {
    const auto [start, size] = spooled->second;
    return {size, std::make_shared<SpooledFile>(impl_->spool, start)};
  }
  const auto staged = impl_->staged.find(id);
  if (staged == impl_->staged.end()) missing("file content", id);
  return {staged->second.size, impl_->files.content(staged->second.number)};
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
