#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/entry.hpp"
#include "rootfs/virtual_nodes.hpp"

namespace rootfs {

/// The entries of a tree in memory in the order of DirectorySource.
class VirtualSource : public base::EntrySource {
 public:
  VirtualSource(std::unique_ptr<VirtualNodes> nodes, VirtualNode& root);

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override;

 private:
  void give(const VirtualNode& node, base::Entry& entry);
  void enter(VirtualNode& directory);

  /// A directory whose names are being given.
  struct Level {
    size_t path_length;
    VirtualNodes::Position next;
    VirtualNodes::Position end;
  };
  /// The first name of a node, until all its names were given.
  struct FirstName {
    std::string path;
    uint32_t left;
  };

  std::unique_ptr<VirtualNodes> nodes_;
  VirtualNode* root_;  ///< Null once it was given.
  std::vector<Level> levels_;
  std::string path_;
  std::unordered_map<const VirtualNode*, FirstName> first_names_;
  FileBytes bytes_;  ///< Of the entry given last.
  std::unique_ptr<base::ByteSource> stream_;
};

}  // namespace rootfs
