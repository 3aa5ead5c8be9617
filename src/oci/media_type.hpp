#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "oci/image.hpp"

namespace oci {

/// `content_type` in lower case and without parameters ("; charset=utf-8").
std::string bare_media_type(std::string_view content_type);

/// The kind a media type stands for; nothing for types that are neither or unknown.
std::optional<DocumentKind> kind_of_media_type(std::string_view media_type);

/// The retired image format that has no verifiable configuration.
bool is_schema1(std::string_view media_type);

/// Whether a manifest's config may be a runnable image's: its own types, or the generic ones that
/// old pushers used.
bool is_image_config(std::string_view media_type);

/// Whether an index entry with this artifactType is an image. Some builders give each entry one; an
/// image's is then the type of its configuration, as in a registry's list of referrers.
bool is_image_artifact_type(std::string_view artifact_type);

/// Whether a layer holds files: tar, plain or compressed, or a generic type.
bool is_tar_layer(std::string_view media_type);

}  // namespace oci
