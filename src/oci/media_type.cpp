#include "oci/media_type.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace oci {
namespace {

constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";

template <size_t count>
bool is_one_of(std::string_view text, const std::array<std::string_view, count>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string bare_media_type(std::string_view content_type) {
  return base::to_lower(base::trim(content_type.substr(0, content_type.find(';'))));
}

std::optional<DocumentKind> kind_of_media_type(std::string_view media_type) {
  if (media_type == "application/vnd.oci.image.index.v1+json" ||
      media_type == "application/vnd.docker.distribution.manifest.list.v2+json") {
    return DocumentKind::index;
  }
  if (media_type == "application/vnd.oci.image.manifest.v1+json" ||
      media_type == "application/vnd.docker.distribution.manifest.v2+json") {
    return DocumentKind::manifest;
  }
  return std::nullopt;
}

bool is_schema1(std::string_view media_type) {
  return media_type == "application/vnd.docker.distribution.manifest.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.v1+prettyjws";
}

bool is_image_config(std::string_view media_type) {
  constexpr std::array<std::string_view, 6> types = {
      oci_config, docker_config, "application/octet-stream", "application/json", "text/html", ""};
  return is_one_of(media_type, types);
}

bool is_image_artifact_type(std::string_view artifact_type) {
  const std::string type = bare_media_type(artifact_type);
  return type.empty() || type == oci_config || type == docker_config;
}

bool is_tar_layer(std::string_view media_type) {
  constexpr std::array<std::string_view, 17> types = {
      "application/vnd.oci.image.layer.v1.tar",
      "application/vnd.oci.image.layer.v1.tar+gzip",
      "application/vnd.oci.image.layer.v1.tar+zstd",
      "application/vnd.oci.image.layer.nondistributable.v1.tar",
      "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
      "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
      "application/vnd.docker.image.rootfs.diff.tar",
      "application/vnd.docker.image.rootfs.diff.tar.gzip",
      "application/vnd.docker.image.rootfs.diff.tar.zstd",
      "application/vnd.docker.image.rootfs.foreign.diff.tar",
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      "application/octet-stream",
      "application/x-tar",
      "application/gzip",
      "application/x-gzip",
      "application/zstd",
      ""};
  return is_one_of(media_type, types);
}

}  // namespace oci
