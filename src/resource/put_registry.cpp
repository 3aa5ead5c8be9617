#include "base/error.hpp"
#include "base/text.hpp"
#include "resource/layers.hpp"
#include "resource/merge.hpp"
#include "resource/put_sources.hpp"
#include "resource/registries.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

}  // namespace

PutImage open_registry_image(const Source& source, const std::string& sources, base::Log& log) {
  const ImageSource& image = *source.image;
  if (!std::holds_alternative<SingleTag>(image.rules)) {
    throw Error("params.image is missing; put can only do without it when source has tag");
  }
  PutImage put;
  put.is_merged = true;
  const std::string name = cat(image.repository, ":", image.tag);
  log.heading(cat("pulling ", name));
  tell_mirror(image, log);
  const auto pull = [&](registry::Client& client) {
    const auto digest = client.resolve(image.tag);
    if (!digest) return false;
    const registry::Image found = client.fetch_image(*digest, source.platform);
    const std::string repository = repository_name(image, client);
    put.files = {encode_metadata(found.config),
                 encode_labels(found.config.labels),
                 repository,
                 image.tag,
                 digest->text(),
                 found.config.user,
                 encode_provenance(provenance_of(found, {repository, image.tag, digest->text()}))};
    const std::vector<Layer> layers = layers_of(client, found);
    tell_download(found, layers, log);
    put.entries = merge_layers(layers, source.limits, sources, log);
    return true;
  };
  base::with_subject(image.repository, name,
                     [&] { with_registry(image, registry::OnPullLimit::wait, log, pull); });
  if (!put.entries) throw Error(cat(name, ": the registry has no such tag or repository"));
  return put;
}

}  // namespace resource
