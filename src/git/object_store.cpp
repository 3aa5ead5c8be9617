#include "git/object_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/staged_content.hpp"
#include "base/text.hpp"
#include "git/scratch_file.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

constexpr size_t hole_size = 32 * 1024;  ///< Shorter holes save nothing worth a system call.

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

class StagedFile : public base::StagedContent {
 public:
  explicit StagedFile(std::string path) : path_(std::move(path)) {}

  void read_at(uint64_t offset, std::span<char> buffer) const override {
    const base::UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) base::throw_errno(cat("read ", base::printable(path_)));
    for (size_t filled = 0; filled < buffer.size();) {
      const ssize_t count = ::pread(fd.get(), buffer.data() + filled, buffer.size() - filled,
                                    static_cast<off_t>(offset + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) base::throw_errno(cat("read ", base::printable(path_)));
      if (count == 0) throw Error(cat(base::printable(path_), " is shorter than it was"));
      filled += static_cast<size_t>(count);
    }
  }
  std::string available() const override { return taken_ ? "" : path_; }
  void taken(const std::string& path) const override {
    taken_ = true;
    path_ = path;
  }

 private:
  mutable std::string path_;
  mutable bool taken_ = false;
};

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == bytes.npos;
}

}  // namespace

struct ObjectStore::Impl {
  explicit Impl(const std::string& path) : directory(path), spool(path) {}

  std::string directory;
  ScratchFile spool;
  std::unordered_map<Oid, std::string, OidHash> commits;
  std::unordered_map<Oid, std::string, OidHash> trees;
  struct Small {
    uint64_t start;
    uint64_t size;
  };
  std::unordered_map<Oid, Small, OidHash> small;
  std::unordered_map<Oid, StoredBlob, OidHash> large;
  unsigned files = 0;
};

namespace {

/// Writes one staged file; runs of zeros become holes.
class StagedWriter : public LargeBlob {
 public:
  StagedWriter(std::string path, uint64_t size, std::unordered_map<Oid, StoredBlob, OidHash>& store)
      : path_(std::move(path)),
        size_(size),
        store_(store),
        fd_(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) {
    if (!fd_) base::throw_errno(doing());
  }
  ~StagedWriter() override {
    if (fd_) ::unlink(path_.c_str());
  }
  StagedWriter(const StagedWriter&) = delete;
  StagedWriter& operator=(const StagedWriter&) = delete;

  void write(std::string_view bytes) override {
    base::throw_if_cancelled();
    while (!bytes.empty()) {
      const std::string_view unit = bytes.substr(0, hole_size);
      if (unit.size() < hole_size || !is_zero(unit)) write_at(unit);
      offset_ += unit.size();
      bytes.remove_prefix(unit.size());
    }
  }

  void finish(const Oid& id) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) base::throw_errno(doing());
    if (!store_.contains(id)) {
      store_.emplace(id, StoredBlob{size_, std::make_shared<StagedFile>(path_)});
      fd_ = base::UniqueFd();
    }
  }

 private:
  std::string doing() const { return cat("write ", base::printable(path_)); }
  void write_at(std::string_view bytes) const {
    for (uint64_t at = offset_; !bytes.empty();) {
      const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) base::throw_errno(doing());
      at += static_cast<uint64_t>(count);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
  }

  std::string path_;
  uint64_t size_;
  std::unordered_map<Oid, StoredBlob, OidHash>& store_;
  base::UniqueFd fd_;
  uint64_t offset_ = 0;
};

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
  if (impl_->small.contains(id)) return;
  impl_->small.emplace(id, Impl::Small{impl_->spool.append(content), content.size()});
}

std::unique_ptr<LargeBlob> ObjectStore::begin_large(uint64_t size) {
  return std::make_unique<StagedWriter>(cat(impl_->directory, "/", ++impl_->files), size,
                                        impl_->large);
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
  if (const auto found = impl_->small.find(id); found != impl_->small.end()) {
    return {found->second.size, std::make_shared<SpooledFile>(impl_->spool, found->second.start)};
  }
  const auto found = impl_->large.find(id);
  if (found == impl_->large.end()) missing("file content", id);
  return found->second;
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
