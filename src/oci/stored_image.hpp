#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "oci/file_set.hpp"
#include "oci/image.hpp"

namespace oci {

struct StoredLayer {
  std::string name;   ///< For people.
  uint64_t size = 0;  ///< As stored, in bytes.
  Digest diff_id;
  std::optional<Digest> digest;  ///< As stored, where the documents say it.
  /// The bytes as stored, compared with their digest where one is known. May be called on any
  /// thread, more than once.
  std::function<std::unique_ptr<base::ByteSource>()> open;
};

/// An image in an image layout (image-spec image-layout.md) or in what `docker save` writes.
struct StoredImage {
  std::optional<Digest> digest;  ///< What a registry calls it, where that can be known.
  std::string name;              ///< "repository:tag", "tag" or "".
  std::optional<Digest> manifest_digest;
  Digest config_digest;
  ImageConfig config;
  std::vector<StoredLayer> layers;
};

/// Which of several images is meant.
struct StoredChoice {
  Platform platform;
  std::string repository;        ///< With the tag. May be empty, as it may be known by other names.
  std::string tag;               ///< Chooses by name, where images have names; may be empty.
  std::optional<Digest> digest;  ///< What it was when it was pulled, if that is known.
};

/// Finds the image in `files`. Its documents are verified; its layers while they are read, and
/// against their diff_id by whoever decompresses them.
StoredImage find_stored_image(std::shared_ptr<const FileSet> files, const StoredChoice& choice,
                              base::Log& log);

}  // namespace oci
