#pragma once
#include <string>

#include "base/log.hpp"
#include "oci/digest.hpp"
#include "oci/image.hpp"
#include "registry/client.hpp"
#include "rootfs/limits.hpp"
#include "rootfs/virtual_tree.hpp"

namespace resource {

/// What a get works with, whatever the format. The destination holds nothing of an earlier attempt;
/// a format that fails leaves nothing there.
struct Download {
  registry::Client& client;
  const oci::Digest& digest;  ///< Of the version: an index or a manifest.
  const oci::Platform& platform;
  const std::string& directory;
  const rootfs::Limits& limits;
  base::Log& log;
};

/// Tells the log what was written, out of what and in how many seconds.
void report(const rootfs::TreeSummary& tree, std::string_view from, double seconds, base::Log& log);

/// Unpacks the image to the new directory `path` and, without contents, to `shadow` if there is
/// one; tells the log what came out.
registry::Image unpack(const Download& download, const std::string& path,
                       rootfs::VirtualTree* shadow = nullptr);

/// format: rootfs. Unpacks the image to `rootfs/`; leaves its manifest in `.rootfs/`.
registry::Image get_rootfs(const Download& download);

/// format: rootfs-tar. Leaves `rootfs.tgz`, a tar archive of `rootfs/` and `metadata.json`.
registry::Image get_rootfs_tar(const Download& download);

/// Packs the directory `tree` and a metadata.json into `directory`/rootfs.tgz.
void pack_rootfs(const std::string& tree, const std::string& metadata, const std::string& directory,
                 base::Log& log);

/// format: oci. Leaves `image.tar` as `docker save` makes it, its image called `name`.
registry::Image get_image_archive(const Download& download, const std::string& name);

/// format: oci-layout. Leaves the layout `oci/` of everything the digest stands for, whatever the
/// platform, byte for byte as the registry has it. An image that is no index comes with an index
/// of its own and the file `single-image-digest`.
void get_layout(const Download& download);

}  // namespace resource
