#include <algorithm>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/blob_spool.hpp"
#include "resource/image_tree.hpp"
#include "resource/layers.hpp"
#include "resource/put_sources.hpp"
#include "resource/registries.hpp"
#include "rootfs/virtual_tree.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

/// The merged entries of the layers, their files kept in a spool below `directory`.
std::unique_ptr<base::EntrySource> merge(const std::vector<Layer>& layers,
                                         const std::string& directory, base::Log& log) {
  git::BlobSpool spool(directory, std::max(2U, std::thread::hardware_concurrency()));
  rootfs::VirtualTree tree([&](const base::Entry& entry, base::ByteSource& data) {
    return spool.store(data, entry.size);
  });
  read_layers(layers, log, [&](base::EntrySource& entries) { tree.apply(entries); });
  spool.finish();
  rootfs::TreeSummary summary;
  auto entries = tree.finish(summary);
  if (summary.whiteouts > 0) {
    log.info(cat(base::with_commas(summary.whiteouts), " entries were deleted by later layers"));
  }
  return entries;
}

}  // namespace

ImageFiles add_image_of_registry(const Source& source, const std::string& sources,
                                 git::Snapshot& snapshot, base::Log& log) {
  const ImageSource& image = *source.image;
  if (!std::holds_alternative<SingleTag>(image.rules)) {
    throw Error("params.image is missing; put can only do without it when source has tag");
  }
  log.heading(cat("pulling ", image.repository, ":", image.tag));
  ImageFiles files;
  std::unique_ptr<base::EntrySource> entries;
  with_registry(image, registry::OnPullLimit::wait, log, [&](registry::Client& client) {
    const auto digest = client.resolve(image.tag);
    if (!digest) return false;
    const registry::Image found = client.fetch_image(*digest, source.platform);
    files = {
        encode_metadata(found.config),
        encode_labels(found.config.labels),
        image.repository,
        image.tag,
        digest->text(),
        found.config.user,
        encode_provenance(provenance_of(found, {image.repository, image.tag, digest->text()}))};
    entries = merge(layers_of(client, found), sources, log);
    return true;
  });
  if (!entries) {
    throw Error(cat(image.repository, ":", image.tag, ": the registry has no such tag"));
  }
  add_image_tree(*entries, snapshot);
  return files;
}

}  // namespace resource
