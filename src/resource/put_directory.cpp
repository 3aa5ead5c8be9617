#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/image_tree.hpp"
#include "resource/put_sources.hpp"
#include "resource/registries.hpp"
#include "rootfs/completed_source.hpp"
#include "rootfs/directory_source.hpp"

namespace resource {

namespace {

/// The entries of a directory, completed by the manifest that a get has left beside it.
class DirectoryWithManifest : public base::EntrySource {
 public:
  /// `is_clone` says that the directory is a clone of a repository, whose hook may have run or not.
  DirectoryWithManifest(const std::string& rootfs, const std::string& manifest, bool is_clone)
      : directory_(rootfs),
        text_(base::open_regular_file(manifest)),
        links_(base::open_regular_file(manifest)),
        is_clone_(is_clone) {}

  bool next(base::Entry& entry) override {
    if (completed_.next(entry)) return true;
    // No checkout sets a time.
    if (is_clone_ && !completed_.any_untouched()) {
      throw base::Error(
          "params.image: is a plain clone, without the owners, modes, times and more that git does "
          "not keep; get it with this resource type, or with the type git and core.hooksPath");
    }
    return false;
  }
  base::ByteSource& data() override { return completed_.data(); }

 private:
  rootfs::DirectorySource directory_;
  base::FileSource text_;
  base::FileSource links_;
  rootfs::ManifestReader manifest_{text_};
  rootfs::CompletedSource completed_{directory_, manifest_, links_};
  bool is_clone_;
};

std::unique_ptr<base::EntrySource> open_entries(const std::string& image) {
  const std::string rootfs = image + "/rootfs";
  const std::string manifest = base::cat(image, "/", manifest_path);
  if (!base::open_regular_file(manifest)) return std::make_unique<rootfs::DirectorySource>(rootfs);
  const bool is_clone(base::open_regular_file(base::cat(image, "/", hook_path)));
  return std::make_unique<DirectoryWithManifest>(rootfs, manifest, is_clone);
}

}  // namespace

void check_identity(const Source& source, const ImageFiles& files, base::Log& log) {
  if (!source.image) return;
  if (!oci::Digest::try_parse(files.digest)) {
    throw base::Error(base::cat(
        files.digest.empty() ? "the image has no file digest"
                             : base::cat("the image's file digest holds no digest (",
                                         base::excerpt(files.digest), ")"),
        ", so the version to answer is unknown; publish images not pulled from a registry with a "
        "source that has only git"));
  }
  if (!files.repository.empty() && !is_repository_of(*source.image, files.repository)) {
    log.warn(base::cat("the image is ", base::excerpt(files.repository),
                       ", but source.repository is ", source.image->repository));
  }
}

PutImage open_directory(const PutInput& input, const Source& source, base::Log& log) {
  PutImage image;
  image.files = read_image_files(input.path);
  std::error_code ignored;  // Nothing is read of it here.
  if (std::filesystem::is_regular_file(input.path + "/image.tar", ignored)) {
    log.info(
        "rootfs/ is published and not image.tar beside it, which may know more (entrypoint, cmd, "
        "labels); to publish that, add /image.tar to params.image");
  }
  check_identity(source, image.files, log);
  image.entries = open_entries(input.path);
  return image;
}

}  // namespace resource
