#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/file_content.hpp"
#include "rootfs/name.hpp"
#include "rootfs/placer.hpp"
#include "rootfs/xattrs.hpp"

namespace rootfs {
namespace {

/// What the file at hand looks like, as an entry to make it again from.
base::Entry entry_of(const struct stat& status, std::vector<base::Xattr> xattrs) {
  base::Entry entry;
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  entry.mtime_seconds = status.st_mtim.tv_sec;
  entry.mtime_nanoseconds = static_cast<uint32_t>(status.st_mtim.tv_nsec);
  entry.size = static_cast<uint64_t>(status.st_size);
  entry.xattrs = std::move(xattrs);
  return entry;
}

}  // namespace

// The attributes of the entry itself are those of the inode it names, so they are not set again;
// they could even be set through a symbolic link (CVE-2021-32760).
void Placer::place_hardlink(const base::Entry& entry, const std::string& path) {
  const std::string target = clean_path(entry.link, Escape::clamp);
  if (target == path) return;
  const auto [target_directory, target_name] = base::split_path(target);
  const std::string doing = base::cat("hard link to \"", base::excerpt(entry.link), "\"");

  const Spot spot = spot_of(path);
  Spot from{spot, std::string(target_name)};
  base::UniqueFd opened;
  if (target_directory != base::split_path(path).directory) {
    opened = root_.open_directory(target_directory);
    from.fd = opened.get();
    if (opened) from.id = directory_id(from.fd);
  }
  struct stat status {};
  const bool is_there = !target.empty() && from.fd >= 0 &&
                        ::fstatat(from.fd, from.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there) {
    if (!target.empty() && from.fd >= 0 && errno != ENOENT) base::throw_errno(doing);
    if (skipped_.contains(target)) {
      ++summary_.skipped_devices;
      return leave_out(entry, path);
    }
    throw base::Error(base::cat(doing, ", which the image does not have at this point"));
  }
  if (S_ISDIR(status.st_mode)) throw base::Error(base::cat(doing, ", which is a directory"));

  // Another way to write the same name must not remove what it links to.
  const bool is_itself = from.id == spot.id && spot.name == from.name;
  const auto link = [&] {
    return ::linkat(from.fd, from.name.c_str(), spot.fd, spot.name.c_str(), 0);
  };
  if (!is_itself && replacing(spot, link) != 0) {
    const bool impossible_here = errno == EMLINK || errno == EXDEV || errno == EPERM;
    if (!impossible_here || S_ISLNK(status.st_mode)) base::throw_errno(doing);
    copy(from, spot, path);
    ++summary_.copied_hardlinks;
  }
  marks_.made_entry(spot.id, spot.name);
  ++summary_.hardlinks;
}

void Placer::copy(const Spot& from, const Spot& to, const std::string& path) {
  base::UniqueFd source(
      ::openat(from.fd, from.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!source || ::fstat(source.get(), &status) != 0) base::throw_errno("copy for a hard link");
  if (!S_ISREG(status.st_mode)) throw base::Error("this file system cannot make the hard link");
  base::UniqueFd fd(
      ::openat(to.fd, to.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) base::throw_errno("create a copy for a hard link");
  const base::Entry entry = entry_of(status, list_xattrs(from.fd, from.name, path));
  FileStream data(std::move(source), path, FileState::of(status));
  writer_.write(fd.get(), data, entry.size, path);
  attributes_.set_all({.fd = fd.get(), .path = path}, entry);
  if (::close(fd.release()) != 0) base::throw_errno("close a copy for a hard link");
}

}  // namespace rootfs
