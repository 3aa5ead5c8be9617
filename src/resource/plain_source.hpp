#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/entry.hpp"
#include "git/object_store.hpp"
#include "resource/tree_walk.hpp"

namespace resource {

/// Contents that stand elsewhere than in the tree, by path.
using ContentsByPath = std::map<std::string, git::StoredBlob>;

/// The entries of a tree that was published without a manifest, such as one made by hand: what a
/// clone would give, all of it root's, but without placeholders and with the modes that temporary
/// directories need.
class PlainSource : public base::EntrySource {
 public:
  /// Everything is as old as the commit: `time` in seconds since 1970, UTC. `large` has the files
  /// of which the tree holds pointers only. Both references must outlive this.
  PlainSource(const git::ObjectStore& store, const git::Oid& rootfs, int64_t time,
              const ContentsByPath& large);

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override;
  /// Submodules, of which a tree holds only the name; they become empty directories.
  uint64_t submodules() const { return submodules_; }

 private:
  void give(base::Entry& entry);

  const git::ObjectStore& store_;
  const ContentsByPath& large_;
  git::Oid rootfs_;
  int64_t time_;
  std::optional<TreeWalk> walk_;  ///< From the root directory on.
  uint64_t submodules_ = 0;
  git::StoredBlob current_;
  std::unique_ptr<base::ByteSource> stream_;
};

}  // namespace resource
