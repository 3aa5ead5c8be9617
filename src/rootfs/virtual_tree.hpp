#pragma once
#include <functional>
#include <memory>

#include "base/entry.hpp"
#include "rootfs/tree.hpp"

namespace rootfs {

class Budget;
class LayerSink;

/// The tree that Tree would write, kept in memory: image layers go in, base layer first, the merged
/// entries come out. Holds a few hundred bytes per entry and no file content.
class VirtualTree {
 public:
  /// Takes all bytes of a regular file as they stream by and gives what reads them again. Later
  /// entries may replace the file; what was given is then released.
  using Store = std::function<std::shared_ptr<const base::Content>(const base::Entry& entry,
                                                                   base::ByteSource& data)>;

  /// Without `store`, contents are neither read nor kept.
  explicit VirtualTree(Store store = {});
  ~VirtualTree();
  VirtualTree(const VirtualTree&) = delete;
  VirtualTree& operator=(const VirtualTree&) = delete;

  /// From now on layers that apply() gets are charged to `budget`, which must outlive this.
  void set_budget(Budget& budget);
  /// Applies one layer. Error where Tree gives one; the tree is then of no use any more.
  void apply(base::EntrySource& layer);
  /// Begins a layer that somebody else reads; it ends where the next one begins.
  LayerSink& start_layer();
  /// The entries that DirectorySource gives for what Tree writes, and in addition the device nodes
  /// and sockets that lie in a directory of the tree. Each name of one of those is an entry of its
  /// own kind. The summary is what Tree counts, for root on a file system that keeps everything.
  /// The tree is empty afterwards.
  std::unique_ptr<base::EntrySource> finish(TreeSummary& summary);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rootfs
