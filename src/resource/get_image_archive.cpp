#include <array>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/tar_record.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "codec/gzip_writer.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "resource/layers.hpp"
#include "rootfs/tar_writer.hpp"

namespace resource {
namespace {

using base::cat;

base::Entry member(const std::string& name, uint64_t size) {
  base::Entry entry;
  entry.path = name;
  entry.mode = 0644;
  entry.size = size;
  return entry;
}

/// The file image.tar and the archive that grows in it.
class ImageArchive {
 public:
  /// Bytes of layers that have to be packed anew are charged to `budget`, which must outlive this.
  ImageArchive(const std::string& path, rootfs::Budget& budget)
      : budget_(budget), file_(path), tar_(file_) {}

  void add_document(const std::string& name, const std::string& document) {
    base::MemorySource data(document);
    tar_.add(member(name, document.size()), data);
  }

  /// A layer under the name of its blob. gzip is kept as it is; anything else becomes gzip: docker
  /// before version 23 does not read zstd, and tools that look at the first layer alone to see
  /// whether layers are compressed need all of them alike.
  void add_layer(const std::string& name, const Layer& layer,
                 std::unique_ptr<base::ByteSource> blob) {
    std::array<char, codec::magic_size> start{};
    const std::string front(start.data(), base::read_full(*blob, start));
    auto whole = std::make_unique<base::PrefixedSource>(front, std::move(blob));
    if (codec::compression_of(front) == codec::Compression::gzip) {
      tar_.add(member(name, layer.size), *whole);
    } else {
      oci::VerifiedSource plain(codec::decompress(std::move(whole), "its data"), layer.diff_id,
                                std::nullopt);
      rootfs::BoundedStream bounded(plain, budget_);
      add_compressed(name, bounded);
    }
  }

  void publish() {
    tar_.finish();
    file_.publish();
  }
  uint64_t size() const { return file_.size(); }

 private:
  /// The header comes last, because only then the size is known.
  void add_compressed(const std::string& name, base::ByteSource& data) {
    const uint64_t start = file_.size();
    file_.write(rootfs::tar_header(member(name, 0)));
    const uint64_t content = file_.size();
    codec::GzipWriter gzip(file_);
    base::copy_all(data, gzip);
    gzip.finish();
    const uint64_t size = file_.size() - content;
    file_.write(std::string(base::tar_padding(size), '\0'));
    file_.patch(start, rootfs::tar_header(member(name, size)));
  }

  rootfs::Budget& budget_;
  base::OutputFile file_;
  rootfs::TarWriter tar_;
};

/// Layers in their order, each under its name.
void add_layers(ImageArchive& archive, const std::vector<Layer>& layers,
                const std::vector<std::string>& names, base::Log& log) {
  LayerDownload download(layers, log);
  for (size_t i = 0; i < layers.size(); ++i) {
    log.info(cat(layers[i].name, " ", base::human_size(layers[i].size)));
    base::with_context(layers[i].name,
                       [&] { archive.add_layer(names[i], layers[i], download.stored(i)); });
  }
}

}  // namespace

registry::Image get_image_archive(const Download& download, const std::string& name) {
  registry::Image image = download.client.fetch_image(download.digest, download.platform);
  const std::string config = image.manifest.config.digest.text();

  std::vector<std::string> names;
  std::set<std::string> seen;
  std::vector<Layer> stored;
  std::vector<std::string> stored_names;
  for (Layer& layer : layers_of(download.client, image)) {
    names.push_back(image.manifest.layers[names.size()].digest.hex() + ".tar.gz");
    if (!seen.insert(names.back()).second) continue;
    stored.push_back(std::move(layer));
    stored_names.push_back(names.back());
  }

  tell_download(image, stored, download.log);
  rootfs::Budget budget(download.limits, stored_size(stored));
  ImageArchive archive(download.directory + "/image.tar", budget);
  archive.add_document(config, image.config.document);
  add_layers(archive, stored, stored_names, download.log);
  archive.add_document("manifest.json", encode_archive_manifest(name, config, names));
  archive.publish();
  download.log.info(cat("packed image.tar: ", base::human_size(archive.size())));
  return image;
}

}  // namespace resource
