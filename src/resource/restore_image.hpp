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

/// Writes rootfs/ and, if the image was published with a manifest, .rootfs/, as the objects come.
/// Error when the commit holds no image, or not the one that its manifest lists.
rootfs::TreeSummary restore_rootfs(const ImageInCommit& image);

/// Writes the files beside rootfs/, metadata.json last: where it stands, the image is complete.
void copy_image_files(const ImageInCommit& image);

}  // namespace resource
