#include "resource/destination.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "rootfs/tree.hpp"

namespace resource {
namespace {

using base::cat;

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
  base::throw_errno(cat("remove ", base::printable(path)));
}

}  // namespace

void clear_destination(const std::string& directory) {
  for (const char* name :
       {"metadata.json", "labels.json", "repository", "tag", "digest", "image.tar", "rootfs.tgz"}) {
    remove_file(cat(directory, "/", name));
    base::remove_unfinished(directory, name);
  }
  for (const char* name : {"rootfs", ".rootfs", ".incoming", "oci"}) {
    rootfs::remove_tree(cat(directory, "/", name));
  }
}

void clear_after_failure(const std::string& directory, base::Log& log) {
  try {
    clear_destination(directory);
  } catch (const base::Error& error) {
    log.warn(cat("what there is of the image stays: ", error.what()));
  }
}

}  // namespace resource
