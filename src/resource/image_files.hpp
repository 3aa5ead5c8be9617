#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
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
  std::string user;        ///< Of metadata.json.
  std::string provenance;  ///< .rootfs/image.json; "" when no more is known than the above.
};

/// Where an image comes from, as far as it is known.
struct Provenance {
  std::string repository;
  std::string tag;
  std::string digest;  ///< What the version names: an index or a manifest.
  std::optional<oci::Digest> manifest{};
  std::optional<oci::Digest> config{};
  oci::Platform platform{};
  std::vector<oci::Digest> layers{};  ///< As stored, base layer first.
};

/// .rootfs/image.json.
std::string encode_provenance(const Provenance& provenance);

/// metadata.json and labels.json of an image configuration.
std::string encode_metadata(const oci::ImageConfig& config);
std::string encode_labels(const std::map<std::string, std::string>& labels);

/// A metadata.json whose environment has TMPDIR=/dev/shm, unless it sets TMPDIR already.
std::string with_tmpdir(const std::string& metadata);

/// The index.json of a layout that holds one manifest (image-spec image-index.md).
std::string encode_index(const std::string& media_type, const oci::Digest& manifest, size_t size);

/// The manifest.json of an archive such as `docker save` makes: one image called `name`, the paths
/// of its configuration and layers in the archive.
std::string encode_archive_manifest(const std::string& name, const std::string& config,
                                    const std::vector<std::string>& layers);

/// Reads the files of an artifact made by this resource, by registry-image-resource or by hand and
/// brings them into this resource's form; only metadata.json must be there.
ImageFiles read_image_files(const std::string& directory);

/// Only the files repository, tag and digest, in the directory they lie in; "" for each that is
/// missing.
void read_image_identity(const std::string& directory, ImageFiles& files);

/// These three as fields of metadata, without those that are "".
std::vector<std::pair<std::string, std::string>> identity_fields(const ImageFiles& files);

}  // namespace resource
