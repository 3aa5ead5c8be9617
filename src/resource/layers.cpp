#include "resource/layers.hpp"

#include "base/error.hpp"
#include "base/read_ahead.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "resource/progress_source.hpp"
#include "rootfs/layer_reader.hpp"

namespace resource {
namespace {

using base::cat;

constexpr size_t read_ahead_limit = 8 * 1024 * 1024;

}  // namespace

std::vector<Layer> layers_of(registry::Client& client, const registry::Image& image) {
  std::vector<Layer> layers;
  const size_t count = image.manifest.layers.size();
  for (size_t i = 0; i < count; ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    layers.push_back({cat("layer ", i + 1, "/", count, " ", layer.digest.short_text()), layer.size,
                      image.config.diff_ids[i],
                      [&client, layer] { return client.open_blob(layer); }});
  }
  return layers;
}

Provenance provenance_of(const registry::Image& image, Provenance known) {
  known.manifest = image.manifest_digest;
  known.config = image.manifest.config.digest;
  known.platform = image.config.platform;
  for (const oci::Descriptor& layer : image.manifest.layers) known.layers.push_back(layer.digest);
  return known;
}

void read_layers(const std::vector<Layer>& layers, base::Log& log,
                 const std::function<void(base::EntrySource& entries)>& apply) {
  if (layers.empty()) log.warn("the image has no layers; rootfs is empty");
  for (const Layer& layer : layers) {
    log.info(cat(layer.name, " ", base::human_size(layer.size)));
    const auto open_tar = [&]() -> std::unique_ptr<base::ByteSource> {
      auto stored = std::make_unique<ProgressSource>(layer.open(), layer.name, layer.size, log);
      return std::make_unique<oci::VerifiedSource>(codec::decompress(std::move(stored), "its data"),
                                                   layer.diff_id, std::nullopt);
    };
    base::with_context(layer.name, [&] {
      base::ReadAhead tar(open_tar, read_ahead_limit);
      rootfs::LayerReader entries(tar);
      apply(entries);
      // What follows the archive's end belongs to the digests, too.
      base::drain(tar);
    });
  }
}

uint64_t stored_size(const std::vector<Layer>& layers) {
  uint64_t sum = 0;
  for (const Layer& layer : layers) sum += layer.size;
  return sum;
}

}  // namespace resource
