#pragma once
#include <set>
#include <string>
#include <string_view>

#include "base/entry.hpp"
#include "rootfs/entry_placer.hpp"
#include "rootfs/virtual_layer.hpp"
#include "rootfs/virtual_nodes.hpp"
#include "rootfs/virtual_tree.hpp"

namespace rootfs {

/// Puts single entries into a tree in memory, with the outcome that Placer has on disk.
class VirtualPlacer : public EntryPlacer {
 public:
  VirtualPlacer(VirtualNodes& nodes, VirtualNode& root, const VirtualLayer& layer,
                VirtualTree::Store store, TreeSummary& summary)
      : EntryPlacer(summary), nodes_(nodes), root_(root), layer_(layer), store_(std::move(store)) {}

  uint64_t depth() const { return depth_; }            ///< LayerSink::Cost::depth
  uint64_t path_bytes() const { return path_bytes_; }  ///< LayerSink::Cost::path_bytes

 private:
  /// A directory of the tree and a name in it.
  struct Spot {
    VirtualNode& directory;
    std::string name;
  };

  void place_root(const base::Entry& entry) override;
  void place_file(const base::Entry& entry, const std::string& path,
                  base::ByteSource& data) override;
  void place_directory(const base::Entry& entry, const std::string& path) override;
  void place_symlink(const base::Entry& entry, const std::string& path) override;
  void place_hardlink(const base::Entry& entry, const std::string& path) override;
  void place_fifo(const base::Entry& entry, const std::string& path) override;
  // Only in directories that are there, so that the rest of the tree is what an unpacked one is.
  void leave_out(const base::Entry& entry, const std::string& path) override;
  std::shared_ptr<const base::Content> store(const base::Entry& entry, const std::string& path,
                                             base::ByteSource& data);
  void link_left_out(const Spot& spot, const std::string& path, VirtualNode* from,
                     std::string_view target_name);

  /// Where `path` goes; makes what is missing above it.
  Spot spot_of(const std::string& path);
  VirtualNode& make_implied(VirtualNode& parent, const std::string& name, bool exists);
  VirtualNode& make_directory(const Spot& spot);
  VirtualNode& make(const base::Entry& entry);
  void put(const Spot& spot, VirtualNode& node);
  void count_path(VirtualDirectory& directory, const std::string& name, VirtualNode& node);
  void set_attributes(VirtualNode& node, const base::Entry& entry);

  VirtualNodes& nodes_;
  VirtualNode& root_;
  const VirtualLayer& layer_;
  VirtualTree::Store store_;
  uint64_t depth_ = 0;
  uint64_t path_bytes_ = 0;
  std::set<std::string> left_out_;  ///< All there ever were, for hard links to them.
};

}  // namespace rootfs
