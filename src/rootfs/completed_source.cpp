#include "rootfs/completed_source.hpp"

#include <utility>

#include "base/error.hpp"

namespace rootfs {
namespace {

using base::Entry;
using base::EntryKind;

bool is_left_out(EntryKind kind) {
  return kind == EntryKind::char_device || kind == EntryKind::block_device ||
         kind == EntryKind::socket;
}

/// Whether nobody has changed an entry since it was unpacked.
bool is_untouched(const Entry& found, const ManifestEntry& listed) {
  const Entry& entry = listed.entry;
  const bool same_kind =
      found.kind == EntryKind::hardlink
          ? found.link == listed.hardlink
          : found.kind == entry.kind && listed.hardlink.empty() && found.size == entry.size;
  return same_kind && found.mode == entry.mode && found.uid == entry.uid &&
         found.gid == entry.gid && found.mtime_seconds == entry.mtime_seconds;
}

}  // namespace

bool CompletedSource::next(Entry& entry) {
  if (!std::exchange(started_, true)) {
    read_directory();
    read_manifest();
  } else if (std::exchange(given_found_, false)) {
    read_directory();
  }
  // What only the manifest has and a directory could have held was removed on purpose.
  while (has_listed_ && (!has_found_ || walks_before(listed_.entry.path, found_.path))) {
    const bool wanted = is_left_out(listed_.entry.kind) && listed_.hardlink.empty() &&
                        has_parent(listed_.entry.path);
    if (wanted) entry = std::move(listed_.entry);
    read_manifest();
    if (wanted) return true;
  }
  if (!has_found_) return false;
  if (has_listed_ && listed_.entry.path == found_.path) {
    if (is_untouched(found_, listed_)) complete(found_);
    read_manifest();
  }
  entry = std::move(found_);
  given_found_ = true;
  if (entry.kind == EntryKind::directory && !entry.path.empty() && has_parent(entry.path)) {
    open_.push_back(entry.path);
  }
  return true;
}

void CompletedSource::read_directory() {
  found_ = Entry{};
  has_found_ = directory_.next(found_);
}

void CompletedSource::read_manifest() {
  has_listed_ =
      base::with_context("manifest beside rootfs/", [&] { return manifest_.next(listed_); });
}

bool CompletedSource::has_parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string_view parent = slash == path.npos ? "" : std::string_view(path).substr(0, slash);
  while (!open_.empty() && open_.back() != parent) open_.pop_back();
  return parent.empty() || !open_.empty();
}

void CompletedSource::complete(Entry& entry) const {
  if (entry.xattrs.empty()) entry.xattrs = listed_.entry.xattrs;
  if (entry.mtime_nanoseconds == 0) entry.mtime_nanoseconds = listed_.entry.mtime_nanoseconds;
}

}  // namespace rootfs
