#include "rootfs/completed_source.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/entry_placer.hpp"

namespace rootfs {
namespace {

using base::Entry;
using base::EntryKind;

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

bool is_at_or_below(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
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
    const bool wanted = is_left_out(listed_.entry.kind) && has_parent(listed_.entry.path);
    if (wanted) entry = std::move(listed_.entry);
    read_manifest();
    if (wanted) return true;
  }
  if (!has_found_) return false;
  if (has_listed_ && listed_.entry.path == found_.path) {
    if (is_untouched(found_, listed_)) {
      any_untouched_ = true;
      complete(found_);
    }
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
  const std::string_view parent = base::split_path(path).directory;
  while (!open_.empty() && !is_at_or_below(parent, open_.back())) open_.pop_back();
  return parent.empty() || (!open_.empty() && open_.back() == parent);
}

void CompletedSource::complete(Entry& entry) const {
  // One that is there counts, even if it has another value: a directory may refuse single ones.
  for (const base::Xattr& listed : listed_.entry.xattrs) {
    const bool is_there =
        std::any_of(entry.xattrs.begin(), entry.xattrs.end(),
                    [&](const base::Xattr& found) { return found.name == listed.name; });
    if (!is_there) entry.xattrs.push_back(listed);
  }
  std::sort(entry.xattrs.begin(), entry.xattrs.end(),
            [](const base::Xattr& a, const base::Xattr& b) { return a.name < b.name; });
  if (entry.mtime_nanoseconds == 0) entry.mtime_nanoseconds = listed_.entry.mtime_nanoseconds;
}

}  // namespace rootfs
