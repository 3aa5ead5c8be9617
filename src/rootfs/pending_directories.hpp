#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/entry.hpp"
#include "rootfs/attributes.hpp"
#include "rootfs/directory.hpp"

namespace rootfs {

/// What a directory gets once nothing is written into it any more: a time that later entries would
/// change, a mode that could lock us out, and ACLs that later entries would inherit.
struct PendingAttributes {
  uint32_t mode = 0755;
  int64_t mtime_seconds = 0;
  uint32_t mtime_nanoseconds = 0;
};

/// The attributes all directories of a tree wait for.
class PendingDirectories {
 public:
  /// Replaces what `id` was to get before.
  void set(const DirectoryId& id, const PendingAttributes& attributes,
           std::vector<base::Xattr> acls = {});
  /// Error when `id` is of none: an overlay of several file systems, for one, gives a directory
  /// another inode number once it was out of the kernel's memory, and takes what is known of it.
  void expect(const DirectoryId& id) const;
  /// Error as of expect().
  const PendingAttributes& get(const DirectoryId& id) const;
  /// Sets everything below and at `root`, deepest first.
  void apply(int root, AttributeWriter& writer) const;

 private:
  struct Hash {
    size_t operator()(const DirectoryId& id) const { return std::hash<ino_t>()(id.inode); }
  };
  std::unordered_map<DirectoryId, PendingAttributes, Hash> attributes_;
  std::unordered_map<DirectoryId, std::vector<base::Xattr>, Hash> acls_;
};

}  // namespace rootfs
