#include "rootfs/placer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/layer_rules.hpp"

namespace rootfs {
namespace {

/// Splits off the ACLs, which a directory gets last.
std::vector<base::Xattr> take_acls(std::vector<base::Xattr>& xattrs) {
  std::vector<base::Xattr> acls;
  std::erase_if(xattrs, [&](base::Xattr& xattr) {
    if (!xattr.name.starts_with("system.posix_acl_")) return false;
    acls.push_back(std::move(xattr));
    return true;
  });
  return acls;
}

}  // namespace

void Placer::place_root(const base::Entry& entry) {
  const uint32_t mode = root_mode(entry, pending_.get(directory_id(root_.fd())).mode);
  set_directory(root_.fd(), entry, {mode, entry.mtime_seconds, entry.mtime_nanoseconds}, false);
}

Placer::Spot Placer::spot_of(const std::string& path) {
  const auto [directory, name] = base::split_path(path);
  return {parents_.make(directory), std::string(name)};
}

void Placer::place_file(const base::Entry& entry, const std::string& path, base::ByteSource& data) {
  const Spot spot = spot_of(path);
  // What its owner may not read could not be read again for another file.
  const auto* staged = (entry.mode & 0400U) == 0
                           ? nullptr
                           : dynamic_cast<const base::StagedContent*>(entry.content.get());
  if (staged != nullptr && take(*staged, path, spot)) {
    base::UniqueFd fd;
    // Most files have none and need not be opened.
    if (!entry.xattrs.empty()) {
      fd = base::UniqueFd(::openat(spot.fd, spot.name.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
      if (!fd) base::throw_errno("open file");
    }
    attributes_.set_all({.fd = fd.get(), .parent = spot.fd, .name = spot.name, .path = path},
                        entry);
  } else {
    // Only root may set attributes of what nobody may write.
    const uint32_t writable = entry.xattrs.empty() ? 0 : S_IWUSR;
    base::UniqueFd fd(replacing(spot, [&] {
      return ::openat(spot.fd, spot.name.c_str(),
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      static_cast<mode_t>((entry.mode & 0777) | writable));
    }));
    if (!fd) base::throw_errno("create file");
    writer_.write(fd.get(), data, entry.size, path);
    attributes_.set_all({.fd = fd.get(), .path = path}, entry);
    if (::close(fd.release()) != 0) base::throw_errno("close file");
    if (staged != nullptr) staged->stands_at({root_, path});
  }
  marks_.made_entry(spot.id, spot.name);
  ++summary_.files;
  summary_.bytes += entry.size;
}

bool Placer::take(const base::StagedContent& staged, const std::string& path, const Spot& spot) {
  // On another file system, say, it is copied.
  return replacing(spot, [&] { return staged.move_to(spot.fd, spot.name, {root_, path}); }) == 0;
}

void Placer::place_directory(const base::Entry& entry, const std::string& path) {
  const Spot spot = spot_of(path);
  base::UniqueFd fd = open_child(spot.fd, spot.name);
  const bool is_new = !fd;
  if (is_new) {
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) base::throw_errno("open directory");
    if (errno != ENOENT) clear_way(spot);
    fd = parents_.make_child(spot, spot.name);
  }
  set_directory(fd.get(), entry, {entry.mode, entry.mtime_seconds, entry.mtime_nanoseconds},
                is_new);
  const DirectoryId id = directory_id(fd.get());
  parents_.keep(path, std::move(fd), id);
  if (!is_new) parents_.mark_used({parents_.find(path).fd, id});
}

void Placer::set_directory(int fd, const base::Entry& entry, PendingAttributes pending,
                           bool is_new) {
  std::vector<base::Xattr> xattrs = entry.xattrs;
  std::vector<base::Xattr> acls = take_acls(xattrs);
  const Target target{.fd = fd, .path = entry.path};
  const struct stat status = inspect(target);
  const DirectoryId id{status.st_dev, status.st_ino};
  if (!is_new) pending_.expect(id);
  attributes_.set_owner(target, status, entry.uid, entry.gid);
  if (!is_new) attributes_.remove_xattrs(target, xattrs);
  attributes_.set_xattrs(target, xattrs);
  pending_.set(id, pending, std::move(acls));
}

void Placer::place_symlink(const base::Entry& entry, const std::string& path) {
  check_link_text(entry.link);
  const Spot spot = spot_of(path);
  if (replacing(spot,
                [&] { return ::symlinkat(entry.link.c_str(), spot.fd, spot.name.c_str()); }) != 0) {
    base::throw_errno(
        base::cat("make symbolic link with a target of ", entry.link.size(), " bytes"));
  }
  attributes_.set_all({.parent = spot.fd, .name = spot.name, .path = path, .is_symlink = true},
                      entry);
  marks_.made_entry(spot.id, spot.name);
  ++summary_.symlinks;
}

void Placer::place_fifo(const base::Entry& entry, const std::string& path) {
  const Spot spot = spot_of(path);
  if (replacing(spot, [&] { return ::mkfifoat(spot.fd, spot.name.c_str(), 0600); }) != 0) {
    base::throw_errno("make FIFO");
  }
  attributes_.set_all({.parent = spot.fd, .name = spot.name, .path = path}, entry);
  marks_.made_entry(spot.id, spot.name);
  ++summary_.fifos;
}

void Placer::leave_out(const base::Entry& entry, const std::string& path) {
  skipped_.insert(path);
  if (is_overlay_mark(entry)) return;
  const auto [directory, name] = base::split_path(path);
  const Spot spot{parents_.find(directory), std::string(name)};
  struct stat status {};
  if (spot.fd >= 0 && ::fstatat(spot.fd, spot.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    clear_way(spot);
  }
}

void Placer::clear_way(const Spot& spot) {
  struct stat status {};
  if (::fstatat(spot.fd, spot.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    base::throw_errno("inspect what is in the way");
  }
  if (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode)) parents_.forget();
  remove_entry(spot.fd, spot.name);
}

}  // namespace rootfs
