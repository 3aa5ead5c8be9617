#pragma once
#include <string>

#include "base/log.hpp"
#include "git/object_store.hpp"
#include "resource/protocol.hpp"
#include "rootfs/limits.hpp"
#include "rootfs/tree.hpp"

namespace resource {

/// A commit whose objects come in, and where its image goes.
struct ImageInCommit {
  const git::ObjectStore& store;
  const git::Oid& commit;
  const GitSource& source;       ///< Where git-lfs is asked for what it keeps.
  const std::string& directory;  ///< For rootfs/ and what stands beside it.
  const std::string& staging;    ///< An empty directory on the same file system.
  const rootfs::Limits& limits;
  base::Log& log;
};

/// Fills `tree`, the image's rootfs/, and, if the image was published with a manifest, .rootfs/, as
/// the objects come. The tree must not be finished or removed before the last object has come:
/// deltas are applied to what was moved into it. Error when the commit holds no image, or not the
/// one that its manifest lists.
void restore_rootfs(const ImageInCommit& image, rootfs::Tree& tree);

/// To be called once all objects are there: finishes the tree and writes the files beside it,
/// metadata.json last. Where that stands, the image is complete.
rootfs::TreeSummary finish_image(const ImageInCommit& image, rootfs::Tree& tree);

}  // namespace resource
