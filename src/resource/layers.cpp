#include "resource/layers.hpp"

#include "base/error.hpp"
#include "base/read_ahead.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "rootfs/layer_reader.hpp"

namespace resource {
namespace {

using base::cat;

/// Unpacked bytes of one layer that wait to be used.
constexpr size_t read_ahead_limit = 2 * 1024 * 1024;

std::vector<base::FetchAhead::Item> fetches_of(const std::vector<Layer>& layers,
                                               DownloadProgress& progress) {
  std::vector<base::FetchAhead::Item> items;
  items.reserve(layers.size());
  for (const Layer& layer : layers) {
    items.push_back({layer.size, [&layer, &progress] { return progress.counted(layer.open()); }});
  }
  return items;
}

/// The layers as tar archives, each decompressed and verified on a thread of its own, one of them
/// ahead of the one in use.
class Tars {
 public:
  Tars(const std::vector<Layer>& layers, rootfs::Budget& budget, base::Log& log)
      : layers_(layers), budget_(budget), download_(layers, log) {}

  /// The archive of the next layer.
  std::unique_ptr<base::ByteSource> next() {
    auto current = following_ ? std::move(following_) : open(index_);
    if (++index_ < layers_.size()) following_ = open(index_);
    return current;
  }

 private:
  std::unique_ptr<base::ByteSource> open(size_t index) {
    const auto open_tar = [this, index]() -> std::unique_ptr<base::ByteSource> {
      // What really comes of a layer, whatever its manifest claims.
      auto stored = std::make_unique<base::CountedSource>(
          download_.stored(index), [this](size_t count) { budget_.add_fetched(count); });
      return std::make_unique<oci::VerifiedSource>(codec::decompress(std::move(stored), "its data"),
                                                   layers_[index].diff_id, std::nullopt);
    };
    return std::make_unique<base::ReadAhead>(open_tar, read_ahead_limit);
  }

  const std::vector<Layer>& layers_;
  rootfs::Budget& budget_;
  LayerDownload download_;
  size_t index_ = 0;
  std::unique_ptr<base::ByteSource> following_;
};

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

void tell_download(const registry::Image& image, const std::vector<Layer>& layers, base::Log& log) {
  log.info(cat("platform ", base::excerpt(image.config.platform.text()), ", ",
               base::counted(layers.size(), "layer", "layers"), ", ",
               base::human_size(stored_size(layers)), " to download"));
}

Provenance provenance_of(const registry::Image& image, Provenance known) {
  known.manifest = image.manifest_digest;
  known.config = image.manifest.config.digest;
  known.platform = image.config.platform;
  for (const oci::Descriptor& layer : image.manifest.layers) known.layers.push_back(layer.digest);
  return known;
}

LayerDownload::LayerDownload(const std::vector<Layer>& layers, base::Log& log)
    : progress_(stored_size(layers), log),
      fetched_(fetches_of(layers, progress_), download_limits) {}

void read_layers(const std::vector<Layer>& layers, rootfs::Budget& budget, base::Log& log,
                 const std::function<void(base::EntrySource& entries)>& apply) {
  if (layers.empty()) log.warn("the image has no layers; rootfs is empty");
  Tars tars(layers, budget, log);
  for (const Layer& layer : layers) {
    log.info(cat(layer.name, " ", base::human_size(layer.size)));
    base::with_context(layer.name, [&] {
      const auto unpacked = tars.next();
      rootfs::BoundedStream tar(*unpacked, budget);
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
