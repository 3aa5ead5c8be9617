#pragma once
#include <string>

#include "base/entry.hpp"
#include "rootfs/tree.hpp"

namespace rootfs {

/// Device nodes and sockets: an unpacked tree has nothing in their place.
bool is_left_out(base::EntryKind kind);

/// Overlay's own mark for a deleted file, a character device 0:0, is none in a layer: what lower
/// layers have under its name stays.
bool is_overlay_mark(const base::Entry& entry);

/// Puts single entries into a tree, wherever it is kept, replacing what is in the way.
class EntryPlacer {
 public:
  explicit EntryPlacer(TreeSummary& summary) : summary_(summary) {}
  virtual ~EntryPlacer() = default;
  EntryPlacer(const EntryPlacer&) = delete;
  EntryPlacer& operator=(const EntryPlacer&) = delete;

  /// Puts a normalised `entry` at the clean path `path`; a file's bytes come from `source`.
  void place(const base::Entry& entry, const std::string& path, base::EntrySource& source);

 protected:
  virtual void place_root(const base::Entry& entry) = 0;
  virtual void place_file(const base::Entry& entry, const std::string& path,
                          base::ByteSource& data) = 0;
  virtual void place_directory(const base::Entry& entry, const std::string& path) = 0;
  virtual void place_symlink(const base::Entry& entry, const std::string& path) = 0;
  virtual void place_hardlink(const base::Entry& entry, const std::string& path) = 0;
  virtual void place_fifo(const base::Entry& entry, const std::string& path) = 0;
  /// For what is_left_out(), which is counted already. What it replaces goes, unless it is an
  /// overlay mark.
  virtual void leave_out(const base::Entry& entry, const std::string& path) = 0;

  TreeSummary& summary_;
};

}  // namespace rootfs
