#include <sys/stat.h>

#include <chrono>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_tree.hpp"
#include "resource/layers.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;
using base::counted;
using Clock = std::chrono::steady_clock;

/// Device nodes, and whatever else could not be set here, come back from it in a put.
void save_manifest(rootfs::VirtualTree& tree, const std::string& rootfs,
                   const std::string& directory) {
  const std::string folder = cat(directory, "/", side_folder);
  if (::mkdir(folder.c_str(), 0755) != 0) base::throw_errno(cat("make directory ", folder));
  base::OutputFile file(cat(directory, "/", manifest_path));
  rootfs::TreeSummary unused;
  write_manifest(*tree.finish(unused), rootfs, file);
  file.publish();
}

}  // namespace

void report(const rootfs::TreeSummary& tree, std::string_view from, double seconds,
            base::Log& log) {
  const uint64_t entries =
      tree.files + tree.directories + tree.symlinks + tree.hardlinks + tree.fifos;
  log.info(cat("unpacked ", counted(entries, "entry", "entries"), ", ",
               base::human_size(tree.bytes), " from ", from, ", in ",
               base::human_seconds(seconds)));
  if (tree.whiteouts > 0) {
    log.info(cat(counted(tree.whiteouts, "entry was", "entries were"), " deleted by later layers"));
  }
  if (tree.skipped_devices > 0) {
    log.info(cat("left out ", counted(tree.skipped_devices, "device node", "device nodes"),
                 ": Concourse cannot hand them on and makes its own /dev"));
  }
  if (tree.skipped_sockets > 0) {
    log.info(cat("left out ", counted(tree.skipped_sockets, "socket", "sockets")));
  }
  if (tree.copied_hardlinks > 0) {
    log.warn(cat(counted(tree.copied_hardlinks, "hard link", "hard links"),
                 " could not be made here; the content was copied"));
  }
  if (tree.skipped_xattrs > 0) {
    log.warn(cat(counted(tree.skipped_xattrs, "extended attribute", "extended attributes"),
                 " could not be set here"));
  }
  if (tree.owners_not_kept > 0) {
    log.warn(counted(tree.owners_not_kept, "entry could not get its owner",
                     "entries could not get their owner"));
  }
}

registry::Image unpack(const Download& download, const std::string& path,
                       rootfs::VirtualTree* shadow) {
  base::Log& log = download.log;
  registry::Image image = download.client.fetch_image(download.digest, download.platform);
  const std::vector<Layer> layers = layers_of(download.client, image);
  const uint64_t compressed = stored_size(layers);
  tell_download(image, layers, log);
  const auto start = Clock::now();
  rootfs::Budget budget(download.limits, compressed);
  rootfs::Tree tree(path, log);
  tree.set_budget(budget);
  if (shadow != nullptr) tree.set_shadow(*shadow);
  read_layers(layers, budget, log, [&](base::EntrySource& entries) { tree.apply(entries); });
  const std::chrono::duration<double> seconds = Clock::now() - start;
  report(tree.finish(), cat(base::human_size(compressed), " of layers"), seconds.count(), log);
  return image;
}

registry::Image get_rootfs(const Download& download) {
  const std::string rootfs = download.directory + "/rootfs";
  rootfs::VirtualTree entries;
  registry::Image image = unpack(download, rootfs, &entries);
  save_manifest(entries, rootfs, download.directory);
  return image;
}

}  // namespace resource
