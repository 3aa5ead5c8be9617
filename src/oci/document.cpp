#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "oci/image.hpp"
#include "oci/media_type.hpp"

namespace oci {
namespace {

using base::cat;
using base::JsonView;

std::map<std::string, std::string> parse_texts(const JsonView& object) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : object.members()) texts[name] = value.string_or("");
  return texts;
}

/// Only those that are text, as all should be: what others mean is up to whoever wrote them.
std::map<std::string, std::string> parse_annotations(const JsonView& object) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : object.members()) {
    if (value.is_string()) texts[name] = value.string();
  }
  return texts;
}

Platform parse_platform(const JsonView& object) {
  return {object.at("os").string_or(""), object.at("architecture").string_or(""),
          object.at("variant").string_or("")};
}

Descriptor parse_descriptor(const JsonView& object) {
  if (!object.is_object()) object.refuse("a descriptor");
  const JsonView digest = object.at("digest");
  const int64_t size = object.at("size").integer();
  if (size < 0) throw base::Error(cat(object.path(), ".size: is negative"));
  Descriptor descriptor{
      .media_type = bare_media_type(object.at("mediaType").string_or("")),
      .digest = base::with_context(digest.path(), [&] { return Digest::parse(digest.string()); }),
      .size = static_cast<uint64_t>(size),
      .platform = std::nullopt,
      .artifact_type = object.at("artifactType").string_or(""),
      .annotations = parse_annotations(object.at("annotations")),
      .urls = object.at("urls").strings()};
  const JsonView platform = object.at("platform");
  if (!platform.is_null()) descriptor.platform = parse_platform(platform);
  return descriptor;
}

/// What an image configuration says of the image as a whole.
ImageConfig read_origin(const JsonView& root) {
  if (!root.is_object()) root.refuse("an object");
  ImageConfig config;
  config.platform = parse_platform(root);
  config.created = root.at("created").string_or("");
  return config;
}

[[noreturn]] void refuse_schema1() {
  throw base::Error(
      "the registry only has a schema 1 manifest, a format retired in 2019: push the image again "
      "with a current tool");
}

}  // namespace

bool may_be_document(std::string_view text) {
  try {
    const base::JsonDocument document = base::JsonDocument::parse(text, "the manifest");
    const JsonView root = document.root();
    const auto has = [&](const char* key) { return !root.at(key).is_null(); };
    return root.is_object() && (has("schemaVersion") || has("mediaType") || has("manifests") ||
                                has("config") || has("layers"));
  } catch (const base::Error&) {
    return false;
  }
}

DocumentKind document_kind(std::string_view text, std::string_view content_type) {
  const base::JsonDocument document = base::JsonDocument::parse(text, "the manifest");
  const JsonView root = document.root("manifest");
  if (!root.is_object()) root.refuse("an object");
  const std::string sent_type = bare_media_type(content_type);
  const JsonView media_type = root.at("mediaType");
  const std::string own_type = media_type.is_null() ? "" : bare_media_type(media_type.string());
  const JsonView schema_version = root.at("schemaVersion");
  const bool version1 = !schema_version.is_null() && schema_version.integer() == 1;
  if (version1 || is_schema1(own_type) || is_schema1(sent_type)) refuse_schema1();

  const bool has_manifests = !root.at("manifests").is_null();
  const bool has_image = !root.at("config").is_null() || !root.at("layers").is_null();
  if (has_manifests && has_image) {
    throw base::Error("the manifest claims to be an index as well (CVE-2021-41190): refused");
  }
  if (!has_manifests && !has_image) {
    const std::string& type = own_type.empty() ? sent_type : own_type;
    throw base::Error(cat("the document is neither an image nor an index of images",
                          type.empty() ? "" : cat(" but ", base::excerpt(type))));
  }
  const DocumentKind kind = has_manifests ? DocumentKind::index : DocumentKind::manifest;
  for (const std::string& type : {own_type, sent_type}) {
    if (kind_of_media_type(type).value_or(kind) == kind) continue;
    throw base::Error(cat("the document is labelled ", type, ", but its content is ",
                          has_manifests ? "an index" : "a manifest", ": refused"));
  }
  return kind;
}

Index parse_index(std::string_view text) {
  const base::JsonDocument document = base::JsonDocument::parse(text, "the index");
  const JsonView root = document.root("index");
  Index index;
  for (const JsonView& entry : root.at("manifests").items()) {
    const JsonView digest = entry.is_object() ? entry.at("digest") : entry;
    if (digest.is_string() && Digest::is_of_other_algorithm(digest.string())) {
      index.unknown_digests.push_back(digest.string());
    } else {
      index.manifests.push_back(parse_descriptor(entry));
    }
  }
  index.annotations = parse_annotations(root.at("annotations"));
  return index;
}

Manifest parse_manifest(std::string_view text) {
  const base::JsonDocument document = base::JsonDocument::parse(text, "the manifest");
  const JsonView root = document.root("manifest");
  Manifest manifest{
      parse_descriptor(root.at("config")), {}, parse_annotations(root.at("annotations"))};
  const std::string artifact = root.at("artifactType").string_or("");
  const std::string& config_type = manifest.config.media_type;
  if (!is_image_config(config_type)) {
    throw base::Error(cat("this is not a runnable image but an artifact of type ",
                          base::excerpt(artifact.empty() ? config_type : artifact)));
  }
  for (const JsonView& layer : root.at("layers").items()) {
    manifest.layers.push_back(parse_descriptor(layer));
    const std::string& type = manifest.layers.back().media_type;
    if (is_tar_layer(type)) continue;
    if (type.ends_with("+encrypted")) {
      throw base::Error(cat("the image is encrypted: ", layer.path(), " is ", base::excerpt(type),
                            "; name an image that is not"));
    }
    throw base::Error(cat("this is not a runnable image (an attestation, a signature or another ",
                          "artifact): ", layer.path(), " is ", base::excerpt(type)));
  }
  return manifest;
}

std::vector<Descriptor> parse_blobs(std::string_view text) {
  const base::JsonDocument document = base::JsonDocument::parse(text, "the manifest");
  const JsonView root = document.root("manifest");
  std::vector<Descriptor> blobs;
  if (const JsonView config = root.at("config"); !config.is_null()) {
    blobs.push_back(parse_descriptor(config));
  }
  for (const JsonView& layer : root.at("layers").items()) blobs.push_back(parse_descriptor(layer));
  return blobs;
}

ImageConfig parse_config(std::string_view text, size_t layer_count) {
  const base::JsonDocument document = base::JsonDocument::parse(text, "the image configuration");
  const JsonView root = document.root("image configuration");
  ImageConfig config = read_origin(root);
  config.document = text;

  // Written by hand or by other encoders, these names come in any case.
  const JsonView runtime = root.at("config");
  const auto list = [&](std::string_view key) -> std::optional<std::vector<std::string>> {
    const JsonView value = runtime.at_ignoring_case(key);
    if (value.is_null()) return std::nullopt;
    return value.strings();
  };
  config.user = runtime.at_ignoring_case("User").string_or("");
  config.env = list("Env");
  config.entrypoint = list("Entrypoint");
  config.cmd = list("Cmd");
  config.labels = parse_texts(runtime.at_ignoring_case("Labels"));

  const JsonView rootfs = root.at("rootfs");
  if (!rootfs.is_object()) rootfs.refuse("an object with diff_ids");
  const std::string type = rootfs.at("type").string_or("");
  if (type != "layers") {
    throw base::Error(cat("image configuration.rootfs.type: expected \"layers\", got \"",
                          base::excerpt(type), "\""));
  }
  for (const JsonView& item : rootfs.at("diff_ids").items()) {
    config.diff_ids.push_back(
        base::with_context(item.path(), [&] { return Digest::parse(item.string()); }));
  }
  if (config.diff_ids.size() != layer_count) {
    throw base::Error(cat("the image is damaged: its configuration knows ", config.diff_ids.size(),
                          " layers (diff_ids), its manifest ", layer_count));
  }
  return config;
}

ImageConfig parse_origin(std::string_view text) {
  const base::JsonDocument document = base::JsonDocument::parse(text, "the image configuration");
  return read_origin(document.root("image configuration"));
}

}  // namespace oci
