#pragma once
#include <cstdint>
#include <string>

#include "rootfs/virtual_nodes.hpp"

namespace rootfs {

/// Tells what the layer at hand wrote from what lower layers did, because its whiteouts hide lower
/// layers only (image-spec layer.md, Whiteouts).
class VirtualLayer {
 public:
  explicit VirtualLayer(VirtualNodes& nodes) : nodes_(nodes) {}

  /// Begins the next layer of the tree with this root.
  void start(VirtualNode& root);
  uint32_t number() const { return number_; }

  /// Whether this layer made the directory: all in it is the layer's own.
  bool is_made(VirtualNode& directory) const;
  /// Whether this layer wrote the entry, or something below it.
  bool is_own(const VirtualName& name) const;
  /// To be called for a directory that this layer wrote, or wrote into.
  void mark_used(VirtualNode& directory) const;

  /// Removes what lower layers have under `name`, keeps what this layer put there; false when an
  /// unpacked tree had nothing to remove.
  bool hide_entry(VirtualNode& directory, const std::string& name) const;
  /// The same for everything in the directory, which itself stays.
  bool hide_children(VirtualNode& directory) const;

 private:
  bool hide_below(VirtualNode& start) const;

  VirtualNodes& nodes_;
  uint32_t number_ = 0;
};

}  // namespace rootfs
