#include "oci/stored_image.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "oci/stored_layout.hpp"
#include "oci/stored_name.hpp"

namespace oci {
namespace {

using base::cat;
using base::JsonView;

constexpr const char* archive_manifest = "manifest.json";

/// Which image of manifest.json is meant.
JsonView choose(const JsonView& manifest, const StoredChoice& choice) {
  const auto images = manifest.items();
  if (images.empty()) throw base::Error("it lists no image");
  if (images.size() == 1) return images.front();
  std::string list;
  BestFits<size_t> fits;
  for (size_t i = 0; i < images.size(); ++i) {
    for (const std::string& name : images[i].at("RepoTags").strings()) {
      base::append_item(list, ", ", name);
      fits.offer(i, fit_of(name, choice));
    }
  }
  if (const auto chosen = fits.only()) return images[*chosen];
  throw base::Error(cat("it lists ", images.size(), " images (",
                        base::excerpt(list, base::sentence_limit),
                        "), and nothing says which one is meant; store one image only"));
}

/// The name under which the archive lists the image.
std::string name_of(const JsonView& image, const StoredChoice& choice) {
  const std::vector<std::string> names = image.at("RepoTags").strings();
  const auto best = std::max_element(names.begin(), names.end(),
                                     [&](const std::string& one, const std::string& other) {
                                       return fit_of(one, choice) < fit_of(other, choice);
                                     });
  return best == names.end() ? "" : *best;
}

/// Configurations are named by their digest: "<hex>.json", "sha256:<hex>", "blobs/sha256/<hex>".
std::optional<Digest> digest_in(std::string_view path) {
  path = base::split_path(path).name;
  if (path.starts_with("sha256:")) path.remove_prefix(7);
  if (path.ends_with(".json")) path.remove_suffix(5);
  return Digest::try_parse(cat("sha256:", path));
}

FileSet::File find(const FileSet& files, const std::string& path) {
  auto file = files.find(path);
  if (file) return std::move(*file);
  throw base::Error(cat("it names ", base::excerpt(path), ", which is not there"));
}

std::string read_config(const FileSet& files, const std::string& path) {
  const auto text = read_document(files, path, document_limit);
  if (!text) find(files, path);
  const auto digest = digest_in(path);
  if (digest && Digest::of(*text) != *digest) {
    throw base::Error(cat("the image configuration ", base::excerpt(path),
                          " does not match the digest in its name"));
  }
  return *text;
}

/// What `docker save` wrote before version 25, and what other tools write for `docker load`.
StoredImage find_in_archive(const std::shared_ptr<const FileSet>& files, const std::string& text,
                            const StoredChoice& choice) {
  const auto document = base::JsonDocument::parse(text, archive_manifest);
  const JsonView list = document.root();
  if (list.is_object()) {
    throw base::Error(
        "it is a registry's, as in the form dir: of skopeo and podman, and not that of docker "
        "save; copy the image to oci-archive: or docker-archive:");
  }
  const JsonView image = choose(list, choice);
  const std::vector<std::string> layers = image.at("Layers").strings();
  const std::string config = read_config(*files, image.at("Config").string());
  StoredImage stored{.digest = choice.digest,
                     .name = name_of(image, choice),
                     .manifest_digest = std::nullopt,
                     .config_digest = Digest::of(config),
                     .config = parse_config(config, layers.size()),
                     .layers = {}};
  // oci-build-task leaves the configuration's digest beside its archive; no registry knows that
  // one.
  if (stored.digest == stored.config_digest) stored.digest.reset();
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string& path = layers[i];
    const Digest& diff_id = stored.config.diff_ids[i];
    stored.layers.push_back({cat("layer ", i + 1, "/", layers.size(), " ", diff_id.short_text()),
                             find(*files, path).size, diff_id, std::nullopt,
                             [files, path] { return find(*files, path).data; }});
  }
  return stored;
}

/// An archive may have both an index.json and a manifest.json. The index knows the image's digest;
/// but Docker 25 left it empty when an image was saved by its id.
bool is_told_by_index(const FileSet& files) {
  const auto text = read_document(files, layout_index, document_limit);
  if (!text || !files.find(archive_manifest)) return text.has_value();
  const auto document = base::JsonDocument::parse(*text, layout_index);
  const JsonView list = document.root().at("manifests");
  return !list.is_null() && !list.items().empty();
}

}  // namespace

StoredImage find_stored_image(std::shared_ptr<const FileSet> files, const StoredChoice& choice,
                              base::Log& log) {
  if (is_told_by_index(*files)) return find_in_layout(std::move(files), choice, log);
  const auto text = read_document(*files, archive_manifest, document_limit);
  if (!text) {
    throw base::Error(
        "holds neither index.json nor manifest.json, so it is no image: save it with docker save, "
        "skopeo or a get with format: oci (docker export loses what an image is)");
  }
  return base::with_context(archive_manifest,
                            [&] { return find_in_archive(files, *text, choice); });
}

}  // namespace oci
