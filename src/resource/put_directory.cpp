#include <sys/stat.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "resource/image_tree.hpp"
#include "resource/put_sources.hpp"
#include "rootfs/completed_source.hpp"
#include "rootfs/directory_source.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

/// The artifact's directory; it must lie below `sources`.
std::string find_image(const std::string& sources, const std::string& image) {
  if (image.empty()) {
    throw Error(
        "params.image is missing: the directory of the image to publish, such as the name of "
        "a get step");
  }
  for (const std::string_view part : base::split(image, '/')) {
    if (part == "..")
      throw Error(cat("params.image: ", base::printable(image), " leaves the inputs"));
  }
  if (image.starts_with('/')) {
    throw Error(cat("params.image: ", base::printable(image), " must be relative"));
  }
  std::string directory = cat(sources, '/', image);
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw Error(cat("params.image: no directory ", base::printable(image),
                    " among the inputs; is it the name of an earlier get or task output?"));
  }
  // A link would publish whatever it points at; Concourse refuses one as a rootfs, too.
  if (::lstat((directory + "/rootfs").c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw Error(cat("params.image: ", base::printable(image),
                    " has no directory rootfs; get the image with format: rootfs"));
  }
  return directory;
}

void check_identity(const Source& source, const ImageFiles& files, base::Log& log) {
  if (!source.image) return;
  if (!oci::Digest::try_parse(files.digest)) {
    throw Error(
        "the image has no file digest, so the version to answer is unknown; publish images "
        "not pulled from a registry with a source that has only git");
  }
  if (!files.repository.empty() && files.repository != source.image->repository) {
    log.warn(cat("the image is ", files.repository, ", but source.repository is ",
                 source.image->repository));
  }
}

/// Adds the entries of a directory, completed by the manifest that a get may have left beside it.
void add_directory(base::EntrySource& entries, const std::string& manifest,
                   git::Snapshot& snapshot) {
  base::UniqueFd fd = base::open_regular_file(manifest);
  if (!fd) return add_image_tree(entries, snapshot);
  base::FileSource text(std::move(fd));
  rootfs::ManifestReader reader(text);
  rootfs::CompletedSource completed(entries, reader);
  add_image_tree(completed, snapshot);
}

}  // namespace

ImageFiles add_image_of_directory(const PutRequest& request, const std::string& sources,
                                  git::Snapshot& snapshot, base::Log& log) {
  const std::string image = find_image(sources, request.params.image);
  ImageFiles files = read_image_files(image);
  check_identity(request.source, files, log);
  rootfs::DirectorySource entries(image + "/rootfs");
  add_directory(entries, cat(image, "/", manifest_path), snapshot);
  return files;
}

}  // namespace resource
