#include "rootfs/layer_rules.hpp"

#include <climits>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/limits.hpp"
#include "rootfs/name.hpp"
#include "rootfs/tree.hpp"
#include "rootfs/whiteout.hpp"

namespace rootfs {
namespace {

/// Files that the hard links of an old layer lead to (AUFS pseudo-links): needed as long as there
/// may be more of them.
constexpr std::string_view aufs_links = ".wh..wh.plnk";

/// Drops what is not part of a mode or a time. Error when an id is beyond what the kernel has.
void normalise(base::Entry& entry) {
  entry.mode &= 07777;
  if (entry.mtime_nanoseconds > 999'999'999) entry.mtime_nanoseconds = 0;
  if (entry.uid > largest_id || entry.gid > largest_id) {
    throw base::Error(
        base::cat("owner ", entry.uid, ":", entry.gid, " is out of range, limit ", largest_id));
  }
}

void apply_entry(base::Entry& entry, base::EntrySource& layer, LayerSink& sink,
                 Whiteouts whiteouts) {
  const bool has_markers = whiteouts == Whiteouts::obeyed;
  const std::string path =
      clean_path(entry.path, Escape::refuse, has_markers ? marker_prefix : std::string_view());
  const auto [directory, name] = base::split_path(path);
  switch (has_markers ? marker_of(path) : Marker::none) {
    case Marker::none:
      normalise(entry);
      return sink.place(entry, path, layer);
    case Marker::aufs:
      if (directory != aufs_links || entry.kind != base::EntryKind::file) return;
      normalise(entry);
      return sink.place(entry, path, layer);
    case Marker::opaque:
      return sink.hide_children(directory);
    case Marker::whiteout:
      return sink.hide(directory, hidden_name(name));
  }
}

}  // namespace

void apply_layer(base::EntrySource& layer, LayerSink& sink, Budget* budget, Whiteouts whiteouts) {
  base::Entry entry;
  while (layer.next(entry)) {
    base::throw_if_cancelled();
    if (budget != nullptr) budget->add_entry(entry);
    const LayerSink::Cost before = sink.cost();
    base::with_context([&] { return base::cat("entry \"", base::excerpt(entry.path), "\""); },
                       [&] { apply_entry(entry, layer, sink, whiteouts); });
    if (budget == nullptr) continue;
    const LayerSink::Cost after = sink.cost();
    const uint64_t made = after.directories - before.directories;
    const bool is_own = made > 0 && entry.kind == base::EntryKind::directory;
    budget->add_implied(is_own ? made - 1 : made);
    budget->check_depth(entry.path, after.depth);
    budget->add_metadata(after.path_bytes - before.path_bytes);
  }
  if (whiteouts == Whiteouts::obeyed) sink.discard(std::string(aufs_links));
}

uint32_t root_mode(const base::Entry& entry, uint32_t before) {
  if (entry.kind != base::EntryKind::directory) {
    throw base::Error("the root of the image cannot be anything but a directory");
  }
  // A root that others cannot enter would shut out every user of the image but root.
  return (entry.mode & 05) == 05 ? entry.mode : before;
}

void check_link_text(std::string_view text) {
  if (text.empty() || text.size() >= PATH_MAX || text.find('\0') != std::string_view::npos) {
    throw base::Error(base::cat("a symbolic link cannot have this target of ", text.size(),
                                " bytes (1 to ", PATH_MAX - 1, ", no NUL)"));
  }
}

}  // namespace rootfs
