#include "resource/image_files.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace resource {
namespace {

using base::cat;
/// For a few names only: it looks through all of them for each one that is added.
using OrderedJson = nlohmann::ordered_json;

constexpr size_t largest_document = 16 * 1024 * 1024;
constexpr size_t largest_line = 64 * 1024;

template <class Json>
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

OrderedJson list_or_null(const std::optional<std::vector<std::string>>& list) {
  return list ? OrderedJson(*list) : OrderedJson(nullptr);
}

std::optional<std::vector<std::string>> read_list(const base::JsonView& view) {
  if (view.is_null()) return std::nullopt;
  return view.strings();
}

/// One line; other tools end it with a line feed.
std::string read_line(const std::string& path) {
  const std::string text = base::read_small_file(path, largest_line).value_or("");
  const std::string_view line = base::trim(text);
  if (line.find('\n') != std::string_view::npos) {
    throw base::Error(cat("read ", base::printable(path), ": expected one line"));
  }
  return std::string(line);
}

/// What a get left beside the image; nothing where it speaks of another one.
std::string read_provenance(const std::string& path, const std::string& digest) {
  const auto text = base::read_small_file(path, largest_document);
  if (!text) return "";
  const auto document = base::JsonDocument::parse(*text, ".rootfs/image.json");
  return document.root(".rootfs/image.json").at("digest").string_or("") == digest ? *text : "";
}

}  // namespace

std::string encode_metadata(const oci::ImageConfig& config) {
  OrderedJson json;
  // The order of registry-image-resource.
  json["cmd"] = list_or_null(config.cmd);
  json["entrypoint"] = list_or_null(config.entrypoint);
  json["env"] = list_or_null(config.env);
  json["user"] = config.user;
  return dump(json);
}

std::string with_tmpdir(const std::string& metadata) {
  OrderedJson json = OrderedJson::parse(metadata);
  OrderedJson& env = json["env"];
  if (env.is_null()) env = OrderedJson::array();
  for (const OrderedJson& variable : env) {
    if (variable.get<std::string>().starts_with("TMPDIR=")) return metadata;
  }
  env.push_back("TMPDIR=/dev/shm");
  return dump(json);
}

std::string encode_labels(const std::map<std::string, std::string>& labels) {
  return dump(nlohmann::json(labels));
}

std::string encode_provenance(const Provenance& provenance) {
  OrderedJson json;
  const auto set = [&](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
  };
  const auto set_digest = [&](const char* name, const std::optional<oci::Digest>& digest) {
    if (digest) json[name] = digest->text();
  };
  set("repository", provenance.repository);
  set("tag", provenance.tag);
  set("digest", provenance.digest);
  if (!provenance.platform.architecture.empty()) set("platform", provenance.platform.text());
  set_digest("manifest", provenance.manifest);
  set_digest("config", provenance.config);
  if (!provenance.layers.empty()) json["layers"] = OrderedJson::array();
  for (const oci::Digest& layer : provenance.layers) json["layers"].push_back(layer.text());
  return json.is_null() ? "{}\n"
                        : json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string encode_index(const std::string& media_type, const oci::Digest& manifest, size_t size) {
  OrderedJson entry;
  entry["mediaType"] = media_type;
  entry["size"] = size;
  entry["digest"] = manifest.text();
  OrderedJson index;
  index["schemaVersion"] = 2;
  index["mediaType"] = "application/vnd.oci.image.index.v1+json";
  index["manifests"] = OrderedJson::array({entry});
  return dump(index);
}

std::string encode_archive_manifest(const std::string& name, const std::string& config,
                                    const std::vector<std::string>& layers) {
  OrderedJson image;
  image["Config"] = config;
  image["RepoTags"] = OrderedJson::array({name});
  image["Layers"] = layers;
  return dump(OrderedJson::array({image}));
}

ImageFiles read_image_files(const std::string& directory) {
  ImageFiles files;
  const auto metadata = base::read_small_file(directory + "/metadata.json", largest_document);
  if (!metadata) {
    throw base::Error(cat(base::printable(directory),
                          ": no metadata.json; params.image must name a directory with rootfs/ and "
                          "metadata.json, such as a get of an image leaves"));
  }
  const auto document = base::JsonDocument::parse(*metadata, "metadata.json");
  const base::JsonView view = document.root("metadata.json");
  oci::ImageConfig config;
  config.user = view.at("user").string_or("");
  config.env = read_list(view.at("env"));
  config.entrypoint = read_list(view.at("entrypoint"));
  config.cmd = read_list(view.at("cmd"));
  files.metadata = encode_metadata(config);
  files.user = config.user;
  std::map<std::string, std::string> labels;
  if (const auto text = base::read_small_file(directory + "/labels.json", largest_document)) {
    const auto parsed = base::JsonDocument::parse(*text, "labels.json");
    for (const auto& [name, value] : parsed.root("labels.json").members()) {
      labels[name] = value.string();
    }
  }
  files.labels = encode_labels(labels);
  read_image_identity(directory, files);
  // oci-build-task leaves the configuration's digest beside both; no registry knows that one.
  std::error_code ignored;
  if (files.repository.empty() && std::filesystem::exists(directory + "/image.tar", ignored)) {
    files.digest.clear();
  }
  files.provenance = read_provenance(directory + "/.rootfs/image.json", files.digest);
  return files;
}

void read_image_identity(const std::string& directory, ImageFiles& files) {
  files.repository = read_line(directory + "/repository");
  files.tag = read_line(directory + "/tag");
  files.digest = read_line(directory + "/digest");
}

std::vector<std::pair<std::string, std::string>> identity_fields(const ImageFiles& files) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"repository", files.repository}, {"tag", files.tag}, {"digest", files.digest}};
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  return fields;
}

}  // namespace resource
