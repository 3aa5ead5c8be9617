#include <chrono>

#include "base/text.hpp"
#include "resource/get_formats.hpp"
#include "resource/layers.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;
using Clock = std::chrono::steady_clock;

void summarise(const rootfs::TreeSummary& tree, uint64_t compressed, double seconds,
               base::Log& log) {
  const uint64_t entries =
      tree.files + tree.directories + tree.symlinks + tree.hardlinks + tree.fifos;
  log.info(cat("unpacked ", base::with_commas(entries), " entries, ", base::human_size(tree.bytes),
               " from ", base::human_size(compressed), " of layers, in ",
               base::human_seconds(seconds)));
  if (tree.whiteouts > 0) {
    log.info(cat(base::with_commas(tree.whiteouts), " entries were deleted by later layers"));
  }
  if (tree.skipped_devices > 0) {
    log.info(cat("left out ", base::with_commas(tree.skipped_devices),
                 " device nodes: Concourse cannot hand them on and makes its own /dev"));
  }
  if (tree.skipped_sockets > 0) {
    log.info(cat("left out ", base::with_commas(tree.skipped_sockets), " sockets"));
  }
  if (tree.skipped_xattrs > 0) {
    log.warn(
        cat(base::with_commas(tree.skipped_xattrs), " extended attributes could not be set here"));
  }
  if (tree.owners_not_kept > 0) {
    log.warn(cat(base::with_commas(tree.owners_not_kept),
                 " entries could not get their owner; only root can set owners"));
  }
}

}  // namespace

registry::Image unpack(const Download& download, const std::string& path) {
  base::Log& log = download.log;
  registry::Image image = download.client.fetch_image(download.digest, download.platform);
  const std::vector<Layer> layers = layers_of(download.client, image);
  const uint64_t compressed = stored_size(layers);
  log.info(cat("platform ", image.config.platform.text(), ", ", layers.size(),
               layers.size() == 1 ? " layer" : " layers", ", ", base::human_size(compressed),
               " to download"));
  const auto start = Clock::now();
  rootfs::Tree tree(path, log);
  read_layers(layers, log, [&](base::EntrySource& entries) { tree.apply(entries); });
  const std::chrono::duration<double> seconds = Clock::now() - start;
  summarise(tree.finish(), compressed, seconds.count(), log);
  return image;
}

registry::Image get_rootfs(const Download& download) {
  return unpack(download, download.directory + "/rootfs");
}

}  // namespace resource
