#include "resource/plain_source.hpp"

#include <algorithm>
#include <array>

#include "git/open_content.hpp"

namespace resource {
namespace {

using base::EntryKind;

/// Programs of users other than root fail without these.
constexpr std::array<std::string_view, 3> for_everyone = {"tmp", "var/tmp", "run/lock"};

uint32_t directory_mode(std::string_view path) {
  const bool open = std::find(for_everyone.begin(), for_everyone.end(), path) != for_everyone.end();
  return open ? 01777 : 0755;
}

}  // namespace

PlainSource::PlainSource(const git::ObjectStore& store, const git::Oid& rootfs, int64_t time,
                         const ContentsByPath& large)
    : store_(store), large_(large), rootfs_(rootfs), time_(time) {}

bool PlainSource::next(base::Entry& entry) {
  stream_.reset();
  current_ = {};
  entry = {};
  entry.mtime_seconds = time_;
  if (!walk_) {
    entry.kind = EntryKind::directory;
    entry.mode = 0755;
    walk_.emplace(store_, rootfs_);
    return true;
  }
  if (!walk_->next()) return false;
  give(entry);
  return true;
}

void PlainSource::give(base::Entry& entry) {
  const git::TreeEntry& found = walk_->entry();
  entry.path = walk_->path();
  switch (found.mode) {
    case git::mode_directory:
    case git::mode_gitlink:
      entry.kind = EntryKind::directory;
      entry.mode = directory_mode(entry.path);
      if (found.mode == git::mode_gitlink) ++submodules_;
      return;
    case git::mode_symlink:
      entry.kind = EntryKind::symlink;
      entry.mode = 0777;
      entry.link = link_text(store_, found.id, entry.path);
      return;
    default:
      // Old repositories have modes such as 100664, too.
      entry.kind = EntryKind::file;
      entry.mode = (found.mode & 0100U) != 0 ? 0755 : 0644;
      if (const auto elsewhere = large_.find(entry.path); elsewhere != large_.end()) {
        current_ = elsewhere->second;
      } else {
        current_ = store_.find_blob(found.id);
      }
      entry.size = current_.size;
      entry.content = current_.content;
  }
}

base::ByteSource& PlainSource::data() {
  stream_ = git::open_content(current_.content, current_.size);
  return *stream_;
}

}  // namespace resource
