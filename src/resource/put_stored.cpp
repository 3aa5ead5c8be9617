#include <fcntl.h>

#include <array>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "codec/decompress.hpp"
#include "oci/reference.hpp"
#include "oci/stored_image.hpp"
#include "resource/merge.hpp"
#include "resource/put_sources.hpp"

namespace resource {
namespace {

using base::cat;

bool is_compressed(const std::shared_ptr<const base::UniqueFd>& fd, uint64_t size) {
  std::array<char, codec::magic_size> start{};
  base::FilePart source(fd, 0, size, "the archive");
  const size_t count = base::read_full(source, start);
  return codec::compression_of({start.data(), count}) != codec::Compression::none;
}

/// Members are read in an order of their own, which a compressed stream does not allow.
base::UniqueFd unpacked(const std::shared_ptr<const base::UniqueFd>& fd, uint64_t size,
                        const std::string& name, const rootfs::Limits& limits,
                        const std::string& directory, base::Log& log) {
  const auto bytes =
      codec::decompress(std::make_unique<base::FilePart>(fd, 0, size, "the archive"), "its data");
  log.info(cat(name, " is compressed as a whole; unpacking ", base::human_size(size),
               " to a temporary file"));
  base::UniqueFd plain = base::open_unnamed_file(directory);
  class Sink : public base::ByteSink {
   public:
    explicit Sink(int fd) : fd_(fd) {}
    void write(std::string_view bytes) override {
      base::write_all(fd_, bytes, "a temporary file with the unpacked archive");
    }

   private:
    int fd_;
  } sink(plain.get());
  rootfs::Budget budget(limits, size);
  rootfs::BoundedStream bounded(*bytes, budget);
  base::copy_all(bounded, sink);
  return plain;
}

std::unique_ptr<oci::FileSet> open_archive(const std::string& path, const std::string& name,
                                           const rootfs::Limits& limits,
                                           const std::string& directory, base::Log& log) {
  base::UniqueFd opened(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!opened) base::throw_errno("open the archive");
  const auto fd = std::make_shared<base::UniqueFd>(std::move(opened));
  const uint64_t size = base::file_size(fd->get());
  if (is_compressed(fd, size)) {
    return oci::files_of_tar(unpacked(fd, size, name, limits, directory, log));
  }
  return oci::files_of_tar(std::move(*fd));
}

/// Takes what the image calls itself where the files beside it say nothing.
void complete(ImageFiles& files, const oci::StoredImage& image) {
  files.digest = image.digest ? image.digest->text() : "";
  if (!files.repository.empty() || !files.tag.empty()) return;
  if (image.name.find('@') != std::string::npos) return;
  const size_t colon = image.name.rfind(':');
  const bool has_tag =
      colon != std::string::npos && image.name.find('/', colon) == std::string::npos;
  if (has_tag) {
    files.repository = image.name.substr(0, colon);
    files.tag = image.name.substr(colon + 1);
  } else if (oci::is_valid_tag(image.name)) {
    files.tag = image.name;
  }
}

std::string provenance_of(const oci::StoredImage& image, const ImageFiles& files) {
  Provenance known{files.repository, files.tag, files.digest};
  known.manifest = image.manifest_digest;
  known.config = image.config_digest;
  known.platform = image.config.platform;
  for (const oci::StoredLayer& layer : image.layers) {
    if (layer.digest) known.layers.push_back(*layer.digest);
  }
  return encode_provenance(known);
}

/// The files beside an image say what it is; without them the source says what it should be.
oci::StoredChoice choice_of(const Source& source, const ImageFiles& files) {
  oci::StoredChoice choice{source.platform, files.repository, files.tag,
                           oci::Digest::try_parse(files.digest)};
  if (!source.image) return choice;
  if (choice.repository.empty()) choice.repository = source.image->repository;
  if (choice.tag.empty()) choice.tag = source.image->tag;
  return choice;
}

}  // namespace

PutImage open_stored_image(const PutInput& input, const Source& source, const std::string& sources,
                           base::Log& log) {
  ImageFiles files;
  if (!input.beside.empty()) read_image_identity(input.beside, files);
  const std::string name = base::printable(input.path.substr(sources.size() + 1));
  log.heading(cat("reading ", name));
  return base::with_context(name, [&] {
    const std::shared_ptr<const oci::FileSet> stored =
        input.kind == PutInput::Kind::layout
            ? oci::files_of_directory(input.path)
            : open_archive(input.path, name, source.limits, sources, log);
    oci::StoredImage image = oci::find_stored_image(stored, choice_of(source, files), log);
    complete(files, image);
    check_identity(source, files, log);
    files.metadata = encode_metadata(image.config);
    files.labels = encode_labels(image.config.labels);
    files.user = image.config.user;
    files.provenance = provenance_of(image, files);

    std::vector<Layer> layers;
    for (oci::StoredLayer& layer : image.layers) {
      layers.push_back({layer.name, layer.size, layer.diff_id, std::move(layer.open)});
    }
    return PutImage{.files = files,
                    .entries = merge_layers(layers, source.limits, sources, log),
                    .is_merged = true};
  });
}

}  // namespace resource
