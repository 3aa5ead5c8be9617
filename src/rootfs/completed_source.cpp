#include "rootfs/completed_source.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/entry_placer.hpp"

namespace rootfs {
namespace {

using base::Entry;
using base::EntryKind;

/// Whether `found` is what a file system made of a time that it cannot hold: its own limit.
bool is_clamped(int64_t found, int64_t listed) {
  constexpr int64_t first = INT32_MIN;
  constexpr std::array<int64_t, 4> last = {INT32_MAX, UINT32_MAX,
                                           (int64_t{1} << 34) + INT32_MIN - 1,  // ext4
                                           16'299'260'424};                     // XFS
  if (listed < found) return found == first;
  return listed > found && std::find(last.begin(), last.end(), found) != last.end();
}

/// Whether `found` is what a file system with a coarser clock made of these nanoseconds.
bool is_truncated(uint32_t found, uint32_t listed) {
  for (uint32_t unit = 1'000'000'000; unit > 1; unit /= 10) {
    if (found == listed - listed % unit) return true;
  }
  return false;
}

/// Whether nobody has changed an entry since it was unpacked; a hard link may have become a copy.
bool is_untouched(const Entry& found, const ManifestEntry& listed) {
  const Entry& entry = listed.entry;
  const bool same_kind = found.kind == EntryKind::hardlink
                             ? found.link == listed.hardlink
                             : found.kind == entry.kind && found.size == entry.size;
  return same_kind && found.mode == entry.mode && found.uid == entry.uid &&
         found.gid == entry.gid &&
         (found.mtime_seconds == entry.mtime_seconds ||
          is_clamped(found.mtime_seconds, entry.mtime_seconds));
}

/// Gives an entry back what it has lost of what is listed.
void complete(Entry& entry, const ManifestEntry& listed) {
  // One that is there counts, even if it has another value: a directory may refuse single ones.
  for (const base::Xattr& xattr : listed.entry.xattrs) {
    const bool is_there =
        std::any_of(entry.xattrs.begin(), entry.xattrs.end(),
                    [&](const base::Xattr& found) { return found.name == xattr.name; });
    if (!is_there) entry.xattrs.push_back(xattr);
  }
  std::sort(entry.xattrs.begin(), entry.xattrs.end(),
            [](const base::Xattr& a, const base::Xattr& b) { return a.name < b.name; });
  entry.mtime_seconds = listed.entry.mtime_seconds;
  if (is_truncated(entry.mtime_nanoseconds, listed.entry.mtime_nanoseconds)) {
    entry.mtime_nanoseconds = listed.entry.mtime_nanoseconds;
  }
}

constexpr std::string_view manifest_name = "manifest beside rootfs/";
constexpr uint64_t piece = 1 << 18;  ///< Bytes that are compared at a time.

bool is_same_content(const Entry& one, const Entry& other) {
  if (one.kind != EntryKind::file) return one.link == other.link;
  std::vector<char> here(std::min(one.size, piece)), there(here.size());
  for (uint64_t at = 0; at < one.size; at += here.size()) {
    const size_t size = std::min<uint64_t>(one.size - at, here.size());
    one.content->read_at(at, {here.data(), size});
    other.content->read_at(at, {there.data(), size});
    if (!std::equal(here.begin(), here.begin() + static_cast<ptrdiff_t>(size), there.begin())) {
      return false;
    }
  }
  return true;
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

CompletedSource::CompletedSource(base::EntrySource& directory, ManifestReader& manifest,
                                 base::ByteSource& links)
    : directory_(directory), manifest_(manifest) {
  base::with_context(manifest_name, [&] {
    visit_linked_and_large(links, [&](const ManifestEntry& listed) {
      if (!listed.hardlink.empty()) firsts_.try_emplace(listed.hardlink);
    });
  });
}

bool CompletedSource::next(Entry& entry) {
  if (!found_) read_directory();
  if (!std::exchange(started_, true)) read_manifest();
  // What only the manifest has and a directory could have held was removed on purpose.
  while (listed_ && (!found_ || walks_before(listed_->entry.path, found_->path))) {
    const bool wanted = is_left_out(listed_->entry.kind) && has_parent(listed_->entry.path);
    if (wanted) entry = std::move(listed_->entry);
    read_manifest();
    if (wanted) return true;
  }
  if (!found_) return false;
  if (listed_ && listed_->entry.path == found_->path) {
    if (is_untouched(*found_, *listed_)) {
      any_untouched_ = true;
      complete(*found_, *listed_);
      link_again(*found_, listed_->hardlink);
      note_first(*found_);
    }
    read_manifest();
  }
  entry = std::move(*found_);
  found_.reset();
  if (entry.kind == EntryKind::directory && !entry.path.empty() && has_parent(entry.path)) {
    open_.push_back(entry.path);
  }
  return true;
}

void CompletedSource::read_directory() {
  Entry found;
  if (!directory_.next(found)) return;
  if (found.kind == EntryKind::hardlink) {
    const auto relinked = relinked_.find(found.link);
    if (relinked != relinked_.end()) found.link = relinked->second;
  }
  found_ = std::move(found);
}

void CompletedSource::read_manifest() {
  ManifestEntry listed;
  const bool has_more = base::with_context(manifest_name, [&] { return manifest_.next(listed); });
  listed_ = has_more ? std::optional(std::move(listed)) : std::nullopt;
}

bool CompletedSource::has_parent(const std::string& path) {
  const std::string_view parent = base::split_path(path).directory;
  while (!open_.empty() && !is_at_or_below(parent, open_.back())) open_.pop_back();
  return parent.empty() || (!open_.empty() && open_.back() == parent);
}

void CompletedSource::note_first(Entry& entry) {
  const auto first = firsts_.find(entry.path);
  const bool can_be_linked = entry.kind == EntryKind::file || entry.kind == EntryKind::symlink ||
                             entry.kind == EntryKind::fifo;
  if (first == firsts_.end() || !can_be_linked) return;
  entry.has_other_names = true;
  first->second = std::make_unique<const Entry>(entry);
}

void CompletedSource::link_again(Entry& entry, const std::string& first_name) {
  if (first_name.empty() || entry.kind == EntryKind::hardlink) return;
  const auto found = firsts_.find(first_name);
  if (found == firsts_.end() || !found->second) return;
  const Entry& first = *found->second;
  if (first.kind != entry.kind || first.size != entry.size || first.xattrs != entry.xattrs) return;
  if (!is_same_content(first, entry)) return;
  if (entry.has_other_names) relinked_[entry.path] = first_name;
  entry.kind = EntryKind::hardlink;
  entry.link = first_name;
  entry.has_other_names = true;
}

}  // namespace rootfs
