#pragma once
#include <string>
#include <string_view>

#include "base/rooted_dir.hpp"
#include "rootfs/attributes.hpp"
#include "rootfs/layer_marks.hpp"
#include "rootfs/pending_directories.hpp"

namespace rootfs {

/// A directory inside the tree. The descriptor stays valid until the next look-up.
struct Parent {
  int fd = -1;
  DirectoryId id;
};

/// Finds and makes the directories that entries go into. The one used last stays open, since the
/// entries of a layer mostly come directory by directory.
class Parents {
 public:
  Parents(const base::RootedDir& root, LayerMarks& marks, PendingDirectories& pending,
          AttributeWriter& attributes, TreeSummary& summary);

  /// The directory `path` leads to inside the tree; fd -1 when there is none.
  Parent find(std::string_view path);
  /// The same, but makes what is missing (root's, 0755) and replaces a lower layer's file in the
  /// way. The directory and those above it count as used by this layer.
  Parent make(std::string_view path);

  /// Makes the directory `name`, which must not exist, and remembers it as this layer's.
  base::UniqueFd make_child(const Parent& parent, const std::string& name);
  /// Keeps `directory`, which is what `path` leads to, for the entries that follow.
  void keep(std::string_view path, base::UniqueFd directory, const DirectoryId& id);
  /// Must be called when a directory or link has gone: paths may lead elsewhere now.
  void forget() { stale_ = true; }
  /// Marks a directory and those above it as used by this layer.
  void mark_used(const Parent& directory);

 private:
  void make_implied(int parent, const std::string& name, bool exists);

  const base::RootedDir& root_;
  LayerMarks& marks_;
  PendingDirectories& pending_;
  AttributeWriter& attributes_;
  TreeSummary& summary_;
  DirectoryId root_id_;
  std::string path_;
  base::UniqueFd fd_;
  DirectoryId id_;
  bool stale_ = true;
};

}  // namespace rootfs
