#include "resource/plain_source.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "git/placement.hpp"
#include "resource/commit_source.hpp"

namespace resource {
namespace {

using base::cat;
using base::EntryKind;

constexpr uint64_t longest_link = 64 * 1024;
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
  if (!std::exchange(started_, true)) {
    entry.kind = EntryKind::directory;
    entry.mode = 0755;
    enter(rootfs_);
    return true;
  }
  while (!levels_.empty() && levels_.back().entries.empty()) levels_.pop_back();
  if (levels_.empty()) return false;
  const git::TreeEntry found = std::move(levels_.back().entries.back());
  levels_.back().entries.pop_back();
  path_.resize(levels_.back().path_length);
  if (!path_.empty()) path_ += '/';
  path_ += found.name;
  give(found, entry);
  return true;
}

void PlainSource::enter(const git::Oid& tree) {
  std::vector<git::TreeEntry> entries = checked_entries(store_, tree);
  if (entries.size() == 1 && entries[0].name == git::placeholder) entries.clear();
  std::reverse(entries.begin(), entries.end());
  levels_.push_back({path_.size(), std::move(entries)});
}

void PlainSource::give(const git::TreeEntry& found, base::Entry& entry) {
  entry.path = path_;
  switch (found.mode) {
    case git::mode_directory:
    case git::mode_gitlink:
      entry.kind = EntryKind::directory;
      entry.mode = directory_mode(path_);
      if (found.mode == git::mode_directory) return enter(found.id);
      ++submodules_;
      return;
    case git::mode_symlink:
      entry.kind = EntryKind::symlink;
      entry.mode = 0777;
      entry.link = store_.read_blob(found.id, longest_link);
      return;
    default:
      // Old repositories have modes such as 100664, too.
      entry.kind = EntryKind::file;
      entry.mode = (found.mode & 0100U) != 0 ? 0755 : 0644;
      if (const auto elsewhere = large_.find(path_); elsewhere != large_.end()) {
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
