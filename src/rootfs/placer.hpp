#pragma once
#include <cerrno>
#include <set>
#include <string>

#include "base/entry.hpp"
#include "base/rooted_dir.hpp"
#include "base/staged_content.hpp"
#include "rootfs/attributes.hpp"
#include "rootfs/entry_placer.hpp"
#include "rootfs/file_writer.hpp"
#include "rootfs/layer_marks.hpp"
#include "rootfs/parents.hpp"
#include "rootfs/pending_directories.hpp"

namespace rootfs {

/// Puts single entries into the tree on disk.
class Placer : public EntryPlacer {
 public:
  Placer(const base::RootedDir& root, LayerMarks& marks, PendingDirectories& pending,
         Parents& parents, AttributeWriter& attributes, TreeSummary& summary)
      : EntryPlacer(summary),
        root_(root),
        marks_(marks),
        pending_(pending),
        parents_(parents),
        attributes_(attributes) {}

 private:
  void place_root(const base::Entry& entry) override;
  void place_file(const base::Entry& entry, const std::string& path,
                  base::ByteSource& data) override;
  void place_directory(const base::Entry& entry, const std::string& path) override;
  void place_symlink(const base::Entry& entry, const std::string& path) override;
  void place_hardlink(const base::Entry& entry, const std::string& path) override;
  void place_fifo(const base::Entry& entry, const std::string& path) override;
  void leave_out(const base::Entry& entry, const std::string& path) override;

  /// A directory of the tree and a name in it.
  struct Spot : Parent {
    std::string name;
  };

  /// Where `path` goes; makes what is missing above it.
  Spot spot_of(const std::string& path);
  /// Runs `make` (a call that fails with EEXIST) again after removing what is in the way.
  template <class Make>
  int replacing(const Spot& spot, Make make) {
    const int result = make();
    if (result >= 0 || errno != EEXIST) return result;
    clear_way(spot);
    return make();
  }
  /// Moves content that is a file already into place; false when there is none, or it cannot be.
  bool take(const base::StagedContent& staged, const std::string& path, const Spot& spot);
  void clear_way(const Spot& spot);
  void set_directory(int fd, const base::Entry& entry, PendingAttributes pending, bool is_new);
  void copy(const Spot& from, const Spot& to, const std::string& path);

  const base::RootedDir& root_;
  LayerMarks& marks_;
  PendingDirectories& pending_;
  Parents& parents_;
  AttributeWriter& attributes_;
  FileWriter writer_;
  std::set<std::string> skipped_;  ///< Devices and sockets, for hard links to them.
};

}  // namespace rootfs
