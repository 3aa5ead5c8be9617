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
constexpr size_t largest_spooled = 4 * 1024;

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

  struct Blob {
    uint64_t size = 0;
    uint64_t place = 0;  ///< Where it starts in the spool, or the number of its file.
    bool staged = false;
  };

  ScratchFile spool;
  StagedFiles files;
  std::unordered_map<Oid, std::string, OidHash> commits;
  std::unordered_map<Oid, std::string, OidHash> trees;
  std::unordered_map<Oid, Blob, OidHash> blobs;
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
    if (store_.blobs.try_emplace(id, Impl::Blob{size_, number_, true}).second) file_.finish();
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
  const auto [found, is_new] = impl_->blobs.try_emplace(id);
  if (!is_new) return;
  Impl::Blob& blob = found->second;
  blob.size = content.size();
  blob.staged = content.size() > largest_spooled;
  blob.place = blob.staged ? impl_->files.add(std::move(content)) : impl_->spool.append(content);
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
  const auto found = impl_->blobs.find(id);
  if (found == impl_->blobs.end()) missing("file content", id);
  const Impl::Blob& blob = found->second;
  if (blob.staged) return {blob.size, impl_->files.content(static_cast<uint32_t>(blob.place))};
  return {blob.size, std::make_shared<SpooledFile>(impl_->spool, blob.place)};
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
