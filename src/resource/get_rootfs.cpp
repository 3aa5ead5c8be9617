#include <chrono>

#include "base/error.hpp"
#include "base/read_ahead.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "resource/get_formats.hpp"
#include "resource/progress_source.hpp"
#include "rootfs/layer_reader.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;
using Clock = std::chrono::steady_clock;

constexpr size_t read_ahead_limit = 8 * 1024 * 1024;

/// Downloading, verifying and decompressing run on a thread of their own, ahead of the writing.
void apply_layer(registry::Client& client, const oci::Descriptor& layer, const oci::Digest& diff_id,
                 const std::string& name, rootfs::Tree& tree, base::Log& log) {
  const auto open_tar = [&]() -> std::unique_ptr<base::ByteSource> {
    auto blob = std::make_unique<ProgressSource>(client.open_blob(layer), name, layer.size, log);
    return std::make_unique<oci::VerifiedSource>(codec::decompress(std::move(blob), "its data"),
                                                 diff_id, std::nullopt);
  };
  base::ReadAhead tar(open_tar, read_ahead_limit);
  rootfs::LayerReader entries(tar);
  tree.apply(entries);
  // What follows the archive's end belongs to the digests, too.
  base::drain(tar);
}

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
  uint64_t compressed = 0;
  for (const auto& layer : image.manifest.layers) compressed += layer.size;
  const size_t count = image.manifest.layers.size();
  log.info(cat("platform ", image.config.platform.text(), ", ", count,
               count == 1 ? " layer" : " layers", ", ", base::human_size(compressed),
               " to download"));
  const auto start = Clock::now();
  rootfs::Tree tree(path, log);
  for (size_t i = 0; i < count; ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    const std::string name = cat("layer ", i + 1, "/", count, " ", layer.digest.short_text());
    log.info(cat(name, " ", base::human_size(layer.size)));
    base::with_context(name, [&] {
      apply_layer(download.client, layer, image.config.diff_ids[i], name, tree, log);
    });
  }
  if (count == 0) log.warn("the image has no layers; rootfs is empty");
  const std::chrono::duration<double> seconds = Clock::now() - start;
  summarise(tree.finish(), compressed, seconds.count(), log);
  return image;
}

registry::Image get_rootfs(const Download& download) {
  return unpack(download, download.directory + "/rootfs");
}

}  // namespace resource
