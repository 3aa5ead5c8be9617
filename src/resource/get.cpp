#include <unistd.h>

#include <chrono>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/read_ahead.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "resource/image_files.hpp"
#include "resource/steps.hpp"
#include "rootfs/layer_reader.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

constexpr size_t read_ahead_limit = 8 * 1024 * 1024;

/// Tells the log how far a download is.
class ProgressSource : public base::ByteSource {
 public:
  ProgressSource(std::unique_ptr<base::ByteSource> source, std::string name, uint64_t size,
                 base::Log& log)
      : source_(std::move(source)), name_(std::move(name)), size_(size), log_(log) {}

  size_t read(std::span<char> buffer) override {
    const size_t count = source_->read(buffer);
    done_ += count;
    if (count > 0) {
      log_.progress(cat(name_, ": ", base::human_size(done_), " of ", base::human_size(size_)));
    }
    return count;
  }

 private:
  std::unique_ptr<base::ByteSource> source_;
  std::string name_;
  uint64_t size_;
  uint64_t done_ = 0;
  base::Log& log_;
};

/// Downloading, verifying and decompressing run on a thread of their own, ahead of the writing.
void apply_layer(registry::Client& client, const oci::Descriptor& layer, const oci::Digest& diff_id,
                 const std::string& name, rootfs::Tree& tree, base::Log& log) {
  const auto open_tar = [&]() -> std::unique_ptr<base::ByteSource> {
    auto blob = std::make_unique<ProgressSource>(client.open_blob(layer), name, layer.size, log);
    return std::make_unique<oci::VerifiedSource>(codec::decompress(std::move(blob), "its data"),
                                                 diff_id, std::nullopt);
  };
  base::ReadAhead tar(open_tar, read_ahead_limit);
  rootfs::LayerReader entries(tar);
  tree.apply(entries);
  // What follows the archive's end belongs to the digests, too.
  base::drain(tar);
}

void summarise(const rootfs::TreeSummary& tree, uint64_t compressed, double seconds,
               base::Log& log) {
  const uint64_t entries =
      tree.files + tree.directories + tree.symlinks + tree.hardlinks + tree.fifos;
  log.info(cat("unpacked ", base::with_commas(entries), " entries, ", base::human_size(tree.bytes),
               " from ", base::human_size(compressed), " of layers, in ",
               base::human_seconds(seconds)));
  if (tree.whiteouts > 0) {
    log.info(cat(base::with_commas(tree.whiteouts), " entries were deleted by later layers"));
  }
  if (tree.skipped_devices > 0) {
    log.info(cat("left out ", base::with_commas(tree.skipped_devices),
                 " device nodes: Concourse cannot hand them on and makes its own /dev"));
  }
  if (tree.skipped_sockets > 0) {
    log.info(cat("left out ", base::with_commas(tree.skipped_sockets), " sockets"));
  }
  if (tree.skipped_xattrs > 0) {
    log.warn(
        cat(base::with_commas(tree.skipped_xattrs), " extended attributes could not be set here"));
  }
  if (tree.owners_not_kept > 0) {
    log.warn(cat(base::with_commas(tree.owners_not_kept),
                 " entries could not get their owner; only root can set owners"));
  }
}

registry::Image unpack(registry::Client& client, const oci::Digest& digest,
                       const oci::Platform& platform, const std::string& directory,
                       base::Log& log) {
  registry::Image image = client.fetch_image(digest, platform);
  uint64_t compressed = 0;
  for (const auto& layer : image.manifest.layers) compressed += layer.size;
  const size_t count = image.manifest.layers.size();
  log.info(cat("platform ", image.config.platform.text(), ", ", count,
               count == 1 ? " layer" : " layers", ", ", base::human_size(compressed),
               " to download"));
  const auto start = Clock::now();
  rootfs::Tree tree(directory + "/rootfs", log);
  for (size_t i = 0; i < count; ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    const std::string name = cat("layer ", i + 1, "/", count, " ", layer.digest.short_text());
    log.info(cat(name, " ", base::human_size(layer.size)));
    base::with_context(
        name, [&] { apply_layer(client, layer, image.config.diff_ids[i], name, tree, log); });
  }
  if (count == 0) log.warn("the image has no layers; rootfs is empty");
  const std::chrono::duration<double> seconds = Clock::now() - start;
  summarise(tree.finish(), compressed, seconds.count(), log);
  return image;
}

/// Whatever an interrupted attempt left must not be mixed with what comes now.
void clear(const std::string& directory) {
  if (::unlink((directory + "/metadata.json").c_str()) != 0 && errno != ENOENT) {
    base::throw_errno(cat("remove ", base::printable(directory), "/metadata.json"));
  }
  rootfs::remove_tree(directory + "/rootfs");
}

}  // namespace

StepResult get(const GetRequest& request, const std::string& directory, base::Log& log) {
  if (!request.source.image) {
    throw Error(
        "get needs source.repository; an image in a git repository is fetched with the stock "
        "type: git (after a put, set no_get: true)");
  }
  const ImageSource& source = *request.source.image;
  const oci::Digest digest = base::with_context(
      "version.digest", [&] { return oci::Digest::parse(request.version.digest); });
  const std::string tag = request.version.tag.empty() ? source.tag : request.version.tag;
  log.heading(cat("pulling ", source.repository, ":", tag, "@", digest.short_text()));

  clear(directory);
  std::optional<registry::Image> image;
  if (!request.params.skip_download) {
    registry::Client client(source.reference, source.registry, log);
    image = unpack(client, digest, request.params.platform.value_or(request.source.platform),
                   directory, log);
  }
  try {
    base::write_file(directory + "/repository", source.repository);
    base::write_file(directory + "/tag", tag);
    base::write_file(directory + "/digest", digest.text());
    if (image) {
      base::write_file(directory + "/labels.json", encode_labels(image->config.labels));
      base::write_file(directory + "/metadata.json", encode_metadata(image->config));
    }
  } catch (const Error&) {
    rootfs::remove_tree(directory + "/rootfs");
    throw;
  }
  return {{tag, digest.text(), ""}, {{"repository", source.repository}, {"tag", tag}}};
}

}  // namespace resource
