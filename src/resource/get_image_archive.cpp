#include <array>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/read_ahead.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "codec/gzip_writer.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "resource/progress_source.hpp"
#include "rootfs/tar_writer.hpp"

namespace resource {
namespace {

using base::cat;

constexpr size_t read_ahead_limit = 8 * 1024 * 1024;

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
  explicit ImageArchive(const std::string& path) : file_(path), tar_(file_) {}

  void add_document(const std::string& name, const std::string& document) {
    base::MemorySource data(document);
    tar_.add(member(name, document.size()), data);
  }

  /// A layer under the name of its blob. gzip is kept as it is; anything else becomes gzip: docker
  /// before version 23 does not read zstd, and tools that look at the first layer alone to see
  /// whether layers are compressed need all of them alike.
  void add_layer(const std::string& name, const oci::Descriptor& layer, const oci::Digest& diff_id,
                 std::unique_ptr<base::ByteSource> blob) {
    std::array<char, 2> start{};
    const std::string magic(start.data(), base::read_full(*blob, start));
    auto whole = std::make_unique<base::PrefixedSource>(magic, std::move(blob));
    if (magic == "\x1f\x8b") {
      tar_.add(member(name, layer.size), *whole);
    } else {
      add_compressed(name, oci::VerifiedSource(codec::decompress(std::move(whole), "its data"),
                                               diff_id, std::nullopt));
    }
  }

  void publish() {
    tar_.finish();
    file_.publish();
  }
  uint64_t size() const { return file_.size(); }

 private:
  /// The header comes last, because only then the size is known.
  void add_compressed(const std::string& name, oci::VerifiedSource data) {
    const uint64_t start = file_.size();
    file_.write(rootfs::tar_header(member(name, 0)));
    const uint64_t content = file_.size();
    codec::GzipWriter gzip(file_);
    base::copy_all(data, gzip);
    gzip.finish();
    const uint64_t size = file_.size() - content;
    file_.write(rootfs::tar_padding(size));
    file_.patch(start, rootfs::tar_header(member(name, size)));
  }

  base::OutputFile file_;
  rootfs::TarWriter tar_;
};

}  // namespace

registry::Image get_image_archive(const Download& download, const std::string& name) {
  registry::Image image = download.client.fetch_image(download.digest, download.platform);
  const std::string config = image.manifest.config.digest.text();
  ImageArchive archive(download.directory + "/image.tar");
  archive.add_document(config, image.config.document);

  std::vector<std::string> layers;
  std::set<oci::Digest> seen;
  const size_t count = image.manifest.layers.size();
  for (size_t i = 0; i < count; ++i) {
    const oci::Descriptor& layer = image.manifest.layers[i];
    const std::string member_name = layer.digest.hex() + ".tar.gz";
    layers.push_back(member_name);
    if (!seen.insert(layer.digest).second) continue;
    const std::string title = cat("layer ", i + 1, "/", count, " ", layer.digest.short_text());
    download.log.info(cat(title, " ", base::human_size(layer.size)));
    base::with_context(title, [&] {
      const auto open = [&download, &layer, &title] {
        return std::make_unique<ProgressSource>(download.client.open_blob(layer), title, layer.size,
                                                download.log);
      };
      archive.add_layer(member_name, layer, image.config.diff_ids[i],
                        std::make_unique<base::ReadAhead>(open, read_ahead_limit));
    });
  }
  archive.add_document("manifest.json", encode_archive_manifest(name, config, layers));
  archive.publish();
  download.log.info(cat("packed image.tar: ", base::human_size(archive.size())));
  return image;
}

}  // namespace resource
