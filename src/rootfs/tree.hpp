#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/entry.hpp"
#include "base/log.hpp"
#include "base/rooted_dir.hpp"

namespace rootfs {

/// What went into a tree and what was left out.
struct TreeSummary {
  uint64_t files = 0, directories = 0, symlinks = 0, hardlinks = 0, fifos = 0;
  uint64_t bytes = 0;      ///< Of file content written, over all layers.
  uint64_t whiteouts = 0;  ///< Lower entries removed by whiteouts (markers that hit something).
  uint64_t skipped_devices = 0;  ///< Never created: Concourse cannot stream volumes with devices.
  uint64_t skipped_sockets = 0;
  uint64_t copied_hardlinks = 0;  ///< Of `hardlinks`, those that cannot be made here.
  uint64_t skipped_xattrs = 0;    ///< Not permitted or not supported here.
  uint64_t owners_not_kept = 0;   ///< Not root, or an id outside the user namespace.
};

class Budget;
class VirtualTree;

/// Whether names that begin with .wh. delete what lower layers have, as in a layer, or are names
/// like any others, as in a file system.
enum class Whiteouts { obeyed, plain_names };

/// A directory that image layers are applied to, base layer first (image-spec layer.md). Nothing
/// outside the directory is ever touched, whatever the layers hold.
class Tree {
 public:
  /// `path` must not exist; it is created with mode 0755.
  Tree(const std::string& path, base::Log& log,
       base::RootedDir::Openat2 openat2 = base::RootedDir::Openat2::probe);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  /// From now on `shadow`, which must outlive this, gets every layer as well, without contents.
  void set_shadow(VirtualTree& shadow);
  /// From now on layers are charged to `budget`, which must outlive this; without one there is no
  /// limit.
  void set_budget(Budget& budget);
  /// Applies one layer. Directory modes and times wait for finish().
  void apply(base::EntrySource& layer, Whiteouts whiteouts = Whiteouts::obeyed);
  /// Sets what had to wait; without it the destructor removes the whole tree.
  TreeSummary finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Removes a directory tree without following links; missing is fine.
void remove_tree(const std::string& path);

}  // namespace rootfs
