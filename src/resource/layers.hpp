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
#include "resource/image_files.hpp"

namespace resource {

/// One layer of an image, wherever it is kept.
struct Layer {
  std::string name;   ///< For people.
  uint64_t size = 0;  ///< As stored, in bytes.
  oci::Digest diff_id;
  std::function<std::unique_ptr<base::ByteSource>()> open;  ///< The bytes as stored.
};

/// The layers of an image in a registry; `client` must outlive them.
std::vector<Layer> layers_of(registry::Client& client, const registry::Image& image);

/// `known` with what the image's documents say.
Provenance provenance_of(const registry::Image& image, Provenance known);

/// Calls `apply` with the entries of each layer, base layer first. Fetching, verifying and
/// decompressing run on a thread of their own, ahead of `apply`.
void read_layers(const std::vector<Layer>& layers, base::Log& log,
                 const std::function<void(base::EntrySource& entries)>& apply);

/// The sum of their sizes as stored, in bytes.
uint64_t stored_size(const std::vector<Layer>& layers);

}  // namespace resource
