#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/digest.hpp"

namespace oci {

/// No larger manifest, index or image configuration is read, in bytes. Registries must take
/// manifests of this size (distribution-spec, Pushing Manifests); configurations are smaller by a
/// lot.
inline constexpr size_t document_limit = 4 * 1024 * 1024;
/// How many indexes may lead to a manifest.
inline constexpr int deepest_nesting = 4;

/// Operating system and processor an image is for (image-spec image-index.md).
struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;

  /// Standard names: x86_64 is amd64, aarch64 is arm64, "arm64/v8" is split, default variants set.
  Platform normalised() const;
  std::string text() const;  ///< "linux/arm64/v8".
  bool operator==(const Platform&) const = default;
};

/// linux on the processor this program was built for.
Platform native_platform();

/// Points at a document or blob (image-spec descriptor.md).
struct Descriptor {
  std::string media_type;
  Digest digest;
  uint64_t size = 0;
  std::optional<Platform> platform;
  std::string artifact_type;
  std::map<std::string, std::string> annotations;
  std::vector<std::string> urls;

  /// Whether it says for which processor it is. Some write an empty platform, or the system alone.
  bool names_platform() const { return platform && !platform->architecture.empty(); }
};

struct Index {
  std::vector<Descriptor> manifests;
  std::map<std::string, std::string> annotations;
  /// Of entries that are left out, because digests of such a kind cannot be verified here.
  std::vector<std::string> unknown_digests = {};
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;
  std::map<std::string, std::string> annotations;
};

/// What a runtime needs of the image configuration (image-spec config.md). A null or missing list
/// is an empty optional, as registry-image-resource writes `null` for it.
struct ImageConfig {
  Platform platform;
  std::string user;
  std::optional<std::vector<std::string>> env;
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> cmd;
  std::map<std::string, std::string> labels;
  std::vector<Digest> diff_ids;
  std::string created;
  std::string document;  ///< The text all this was read from, byte for byte.
};

/// The image an index or manifest resolves to on one platform.
struct Image {
  Digest manifest_digest;
  Manifest manifest;
  ImageConfig config;
};

/// Whether `text` looks like a manifest or index of any kind, also of those that document_kind()
/// refuses, and not like the page of a proxy.
bool may_be_document(std::string_view text);

enum class DocumentKind { manifest, index };

/// Tells an index from a manifest by media type, else by shape. Refuses schema 1 and documents that
/// claim to be both (CVE-2021-41190); `content_type` may be empty or generic.
DocumentKind document_kind(std::string_view document, std::string_view content_type);

Index parse_index(std::string_view document);
/// Refuses what is not a runnable image (artifacts, attestations, signatures), naming the type.
Manifest parse_manifest(std::string_view document);
/// The blobs that a manifest of any kind needs, its config first: also of those that
/// parse_manifest refuses.
std::vector<Descriptor> parse_blobs(std::string_view manifest);
/// Checks rootfs.type and that there is one diff_id for each of `layer_count` layers.
ImageConfig parse_config(std::string_view document, size_t layer_count);
/// `platform` and `created` only, also of a configuration that parse_config refuses.
ImageConfig parse_origin(std::string_view document);

/// Whether an index entry is a manifest, an index or does not say what it is. Others are to be
/// passed over (image-spec image-index.md, manifests).
bool has_known_type(const Descriptor& entry);

/// Whether an index entry may be an image: it is no attestation, no artifact and of a known type.
bool is_runnable(const Descriptor& entry);

/// The manifests of `index` that may serve `wanted`, best first: exact platform, then lower
/// variants of the processor; entries without platform only when nothing else fits. Attestations
/// and unknown platforms never. Nested indexes are returned too. Error listing what exists when
/// empty.
std::vector<Descriptor> select_platform(const Index& index, const Platform& wanted);

}  // namespace oci
