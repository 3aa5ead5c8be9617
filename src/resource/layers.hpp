#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "base/log.hpp"
#include "oci/digest.hpp"
#include "registry/client.hpp"
#include "resource/download_progress.hpp"
#include "resource/image_files.hpp"
#include "rootfs/limits.hpp"

namespace resource {

/// One layer of an image, wherever it is kept.
struct Layer {
  std::string name;   ///< For people.
  uint64_t size = 0;  ///< As stored, in bytes.
  oci::Digest diff_id;
  /// The bytes as stored. Called on any thread, for several layers at the same time.
  std::function<std::unique_ptr<base::ByteSource>()> open;
};

/// The layers of an image in a registry; `client` must outlive them.
std::vector<Layer> layers_of(registry::Client& client, const registry::Image& image);

/// Logs what the image is for and how much of it there is to come.
void tell_download(const registry::Image& image, const std::vector<Layer>& layers, base::Log& log);

/// `known` with what the image's documents say.
Provenance provenance_of(const registry::Image& image, Provenance known);

/// Fetches layers on threads of its own, several at the same time and within one bound of memory,
/// ahead of whoever reads them in order.
class LayerDownload {
 public:
  /// `layers` and `log` must outlive this.
  LayerDownload(const std::vector<Layer>& layers, base::Log& log);
  /// The bytes of a layer as stored; to be called once for each.
  std::unique_ptr<base::ByteSource> stored(size_t index) { return fetched_.source(index); }

 private:
  DownloadProgress progress_;
  base::FetchAhead fetched_;
};

/// Calls `apply` with the entries of each layer, base layer first. Meanwhile the next layers are
/// fetched, several at a time, and decompressed and verified ahead of `apply`, on other threads.
/// The first failure in the order of the layers is the one that is thrown. All bytes that come out
/// of the layers are charged to `budget`, which is told of those fetched; entries are the business
/// of `apply`.
void read_layers(const std::vector<Layer>& layers, rootfs::Budget& budget, base::Log& log,
                 const std::function<void(base::EntrySource& entries)>& apply);

/// The sum of their sizes as stored, in bytes.
uint64_t stored_size(const std::vector<Layer>& layers);

}  // namespace resource
