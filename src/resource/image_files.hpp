#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci/image.hpp"

namespace resource {

/// The files of an image artifact beside rootfs/, as registry-image-resource names and fills them.
struct ImageFiles {
  std::string metadata;    ///< metadata.json: env, user, entrypoint, cmd.
  std::string labels;      ///< labels.json.
  std::string repository;  ///< Without line feed, as the next two.
  std::string tag;
  std::string digest;
  std::string user;  ///< Of metadata.json.
};

/// metadata.json and labels.json of an image configuration.
std::string encode_metadata(const oci::ImageConfig& config);
std::string encode_labels(const std::map<std::string, std::string>& labels);

/// Reads the files of an artifact made by this resource, by registry-image-resource or by hand and
/// brings them into this resource's form; only metadata.json must be there.
ImageFiles read_image_files(const std::string& directory);

}  // namespace resource
