#include "base/file.hpp"
#include "base/text.hpp"
#include "codec/gzip_writer.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "rootfs/directory_source.hpp"
#include "rootfs/tar_writer.hpp"
#include "rootfs/temporary_tree.hpp"

namespace resource {
namespace {

using base::cat;

void add_tree(const std::string& path, rootfs::TarWriter& tar) {
  rootfs::DirectorySource tree(path);
  base::Entry entry;
  while (tree.next(entry)) {
    entry.path = entry.path.empty() ? "rootfs" : cat("rootfs/", entry.path);
    if (entry.kind == base::EntryKind::hardlink) entry.link = cat("rootfs/", entry.link);
    if (entry.kind == base::EntryKind::file) {
      tar.add(entry, tree.data());
    } else {
      tar.add(entry);
    }
  }
}

void add_metadata(const std::string& metadata, rootfs::TarWriter& tar) {
  base::Entry entry;
  entry.path = "metadata.json";
  entry.mode = 0644;
  entry.size = metadata.size();
  base::MemorySource data(metadata);
  tar.add(entry, data);
}

}  // namespace

void pack_rootfs(const std::string& tree, const std::string& metadata, const std::string& directory,
                 base::Log& log) {
  base::OutputFile file(directory + "/rootfs.tgz");
  codec::GzipWriter gzip(file);
  rootfs::TarWriter tar(gzip);
  add_tree(tree, tar);
  add_metadata(metadata, tar);
  tar.finish();
  gzip.finish();
  file.publish();
  log.info(cat("packed rootfs.tgz: ", base::human_size(file.size())));
}

registry::Image get_rootfs_tar(const Download& download) {
  // Layers change what lower ones hold, so that the archive can only be made of the whole tree.
  rootfs::TemporaryTree tree(download.directory + "/.rootfs");
  registry::Image image = unpack(download, tree.path());
  pack_rootfs(tree.path(), encode_metadata(image.config), download.directory, download.log);
  tree.remove();
  return image;
}

}  // namespace resource
