#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/image_tree.hpp"
#include "resource/put_sources.hpp"
#include "rootfs/completed_source.hpp"
#include "rootfs/directory_source.hpp"

namespace resource {

namespace {

/// The entries of a directory, completed by the manifest that a get has left beside it.
class DirectoryWithManifest : public base::EntrySource {
 public:
  DirectoryWithManifest(const std::string& rootfs, base::UniqueFd manifest)
      : directory_(rootfs), text_(std::move(manifest)) {}

  bool next(base::Entry& entry) override { return completed_.next(entry); }
  base::ByteSource& data() override { return completed_.data(); }

 private:
  rootfs::DirectorySource directory_;
  base::FileSource text_;
  rootfs::ManifestReader manifest_{text_};
  rootfs::CompletedSource completed_{directory_, manifest_};
};

std::unique_ptr<base::EntrySource> open_entries(const std::string& image) {
  const std::string rootfs = image + "/rootfs";
  base::UniqueFd manifest = base::open_regular_file(base::cat(image, "/", manifest_path));
  if (!manifest) return std::make_unique<rootfs::DirectorySource>(rootfs);
  return std::make_unique<DirectoryWithManifest>(rootfs, std::move(manifest));
}

}  // namespace

void check_identity(const Source& source, const ImageFiles& files, base::Log& log) {
  if (!source.image) return;
  if (!oci::Digest::try_parse(files.digest)) {
    throw base::Error(
        "the image has no file digest, so the version to answer is unknown; publish images "
        "not pulled from a registry with a source that has only git");
  }
  if (!files.repository.empty() && files.repository != source.image->repository) {
    log.warn(base::cat("the image is ", base::excerpt(files.repository),
                       ", but source.repository is ", source.image->repository));
  }
}

PutImage open_directory(const PutInput& input, const Source& source, base::Log& log) {
  PutImage image;
  image.files = read_image_files(input.path);
  check_identity(source, image.files, log);
  image.entries = open_entries(input.path);
  return image;
}

}  // namespace resource
