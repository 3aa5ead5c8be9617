#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/image_tree.hpp"
#include "resource/put_sources.hpp"
#include "rootfs/completed_source.hpp"
#include "rootfs/directory_source.hpp"

namespace resource {

namespace {

/// Adds the entries of a directory, completed by the manifest that a get may have left beside it.
void add_directory(base::EntrySource& entries, const std::string& manifest,
                   Publication& publication) {
  base::UniqueFd fd = base::open_regular_file(manifest);
  if (!fd) return add_image_tree(entries, publication);
  base::FileSource text(std::move(fd));
  rootfs::ManifestReader reader(text);
  rootfs::CompletedSource completed(entries, reader);
  add_image_tree(completed, publication);
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

ImageFiles add_image_of_directory(const PutInput& input, const Source& source,
                                  Publication& publication, base::Log& log) {
  ImageFiles files = read_image_files(input.path);
  check_identity(source, files, log);
  rootfs::DirectorySource entries(input.path + "/rootfs");
  add_directory(entries, base::cat(input.path, "/", manifest_path), publication);
  return files;
}

}  // namespace resource
