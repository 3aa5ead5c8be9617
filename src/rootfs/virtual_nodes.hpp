#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <memory_resource>
#include <string>
#include <variant>
#include <vector>

#include "base/entry.hpp"

namespace rootfs {

struct VirtualDirectory;

struct FileBytes {
  uint64_t size = 0;
  std::shared_ptr<const base::Content> content;
};

struct DeviceNumber {
  uint32_t major = 0;
  uint32_t minor = 0;
};

/// One object of a tree in memory, as an inode is on disk; kept small, an image has many.
struct VirtualNode {
  base::EntryKind kind = base::EntryKind::fifo;
  uint16_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mtime_nanoseconds = 0;
  int64_t mtime_seconds = 0;
  uint32_t names = 0;         ///< How many there are.
  uint32_t longest_path = 0;  ///< Bytes of the longest path it had, as VirtualDirectory counts.
  std::vector<base::Xattr> xattrs;
  /// By kind: a file's bytes, a symlink's text, a device's number, a directory's names.
  std::variant<std::monostate, FileBytes, std::string, DeviceNumber,
               std::unique_ptr<VirtualDirectory>>
      body;

  bool is_directory() const { return kind == base::EntryKind::directory; }
  bool is_left_out() const;  ///< As entry_placer.hpp has it.
  VirtualDirectory& directory() { return *std::get<std::unique_ptr<VirtualDirectory>>(body); }
  const std::string& link() const { return std::get<std::string>(body); }
  bool has_other_names() const { return !is_directory() && names > 1; }
};

/// A name in a directory, and the number of the layer that wrote it.
struct VirtualName {
  VirtualNode* node = nullptr;
  uint32_t layer = 0;
};

struct VirtualDirectory {
  using Names = std::pmr::map<std::string, VirtualName, std::less<>>;

  explicit VirtualDirectory(std::pmr::memory_resource& memory) : names(&memory) {}

  Names names;
  VirtualNode* parent = nullptr;  ///< Null for the root.
  uint32_t made_in = 0;           ///< The layer that made it.
  uint32_t used_in = 0;           ///< The last layer that wrote it, or below it.
  uint32_t emptied_in = 0;        ///< The last layer that hid all that lower ones had in it.
  uint32_t depth = 0;             ///< Names in its path.
  uint32_t path_bytes = 0;        ///< Of its path in a manifest.
};

/// Owns the nodes of a tree. Nodes stay where they are; none of this recurses, since a hostile
/// image may be as deep as it is large.
class VirtualNodes {
 public:
  VirtualNodes() = default;
  VirtualNodes(const VirtualNodes&) = delete;
  VirtualNodes& operator=(const VirtualNodes&) = delete;

  VirtualNode& make(base::EntryKind kind);
  VirtualNode& make_directory(VirtualNode* parent, uint32_t layer);
  /// Gives `node` one more name, in the place of what had it before.
  void put(VirtualDirectory& directory, const std::string& name, VirtualNode& node, uint32_t layer);
  using Position = VirtualDirectory::Names::iterator;
  /// Takes a name away, with all below it; gives the next one.
  Position remove(VirtualDirectory& directory, Position at);

 private:
  void drop_name(VirtualNode& node);

  /// Lies apart from what is allocated meanwhile, so that all of it is given back at the end.
  std::pmr::unsynchronized_pool_resource memory_;
  std::pmr::deque<VirtualNode> nodes_{&memory_};
  std::vector<VirtualNode*> free_;
};

}  // namespace rootfs
