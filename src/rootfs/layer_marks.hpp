#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "rootfs/directory.hpp"

namespace rootfs {

/// A set of 64-bit keys in one flat array.
class KeySet {
 public:
  bool insert(uint64_t key);  ///< false when it was in the set before.
  bool contains(uint64_t key) const;
  void clear() { slots_.clear(), count_ = 0; }

 private:
  void grow();
  std::vector<uint64_t> slots_;  ///< 0: free. The size is a power of two.
  size_t count_ = 0;
};

/// Remembers what the layer at hand has put into the tree, because its whiteouts hide lower layers
/// only (image-spec layer.md, Whiteouts). Directories are known by inode and other entries by the
/// inode of their directory and name, so that it does not matter through which links a path went.
class LayerMarks {
 public:
  enum class Lower { none, some };
  /// Begins a layer; with Lower::none there is nothing to hide and nothing is remembered.
  void start(Lower lower);
  bool has_lower() const { return lower_ == Lower::some; }

  /// A directory that this layer made: all in it is the layer's own.
  void made_directory(const DirectoryId& id);
  /// A directory that this layer wrote, or wrote into; false when that was known.
  bool used_directory(const DirectoryId& id);
  void made_entry(const DirectoryId& parent, std::string_view name);
  /// A directory from which all that lower layers had in it is hidden; false when that was known.
  bool emptied_directory(const DirectoryId& id);

  bool is_made(const DirectoryId& directory) const;
  bool is_used(const DirectoryId& directory) const;
  bool is_own_entry(const DirectoryId& parent, std::string_view name) const;

 private:
  Lower lower_ = Lower::none;
  KeySet made_;
  KeySet used_;
  KeySet emptied_;
  KeySet entries_;
};

}  // namespace rootfs
