#include "rootfs/attributes.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/xattrs.hpp"

namespace rootfs {
namespace {

/// What stands in a message. The image's root has no path of its own.
std::string shown(const Target& target) {
  return target.path.empty() ? "the image's root"
                             : base::cat("\"", base::excerpt(target.path), "\"");
}

[[noreturn]] void fail(std::string_view what, const Target& target) {
  base::throw_errno(base::cat("set the ", what, " of ", shown(target)));
}

std::string name_of(const Target& target) {
  return std::string(target.name);
}

/// Where the file system or the kernel says no for good, as opposed to a failing disk.
bool is_refusal(int error) {
  return error == EPERM || error == EACCES || error == ENOTSUP || error == EINVAL ||
         error == ERANGE || error == E2BIG || error == ENOSPC;
}

int set_xattr(const Target& target, const base::Xattr& xattr) {
  if (target.fd >= 0) {
    return ::fsetxattr(target.fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0);
  }
  return ::lsetxattr(path_below(target.parent, target.name).c_str(), xattr.name.c_str(),
                     xattr.value.data(), xattr.value.size(), 0);
}

}  // namespace

struct stat inspect(const Target& target) {
  struct stat status {};
  const int result = target.fd >= 0 ? ::fstat(target.fd, &status)
                                    : ::fstatat(target.parent, name_of(target).c_str(), &status,
                                                AT_SYMLINK_NOFOLLOW);
  if (result != 0) base::throw_errno(base::cat("inspect ", shown(target)));
  return status;
}

void AttributeWriter::set_all(const Target& target, const base::Entry& entry) {
  const struct stat now = inspect(target);
  const uint32_t mode = entry.mode & ~set_owner(target, now, entry.uid, entry.gid);
  set_xattrs(target, entry.xattrs);
  // Mostly the mode is right from creation on; an ACL may have changed it since.
  const bool stands = (now.st_mode & 07777) == mode && entry.xattrs.empty();
  if (!target.is_symlink && !stands) set_mode(target, mode);
  set_times(target, entry.mtime_seconds, entry.mtime_nanoseconds);
}

uint32_t AttributeWriter::set_owner(const Target& target, const struct stat& now, uint64_t uid,
                                    uint64_t gid) {
  if (now.st_uid == uid && now.st_gid == gid) return 0;
  const auto owner = static_cast<uid_t>(uid);
  const auto group = static_cast<gid_t>(gid);
  const int result = target.fd >= 0 ? ::fchown(target.fd, owner, group)
                                    : ::fchownat(target.parent, name_of(target).c_str(), owner,
                                                 group, AT_SYMLINK_NOFOLLOW);
  if (result == 0) return 0;
  if (errno != EPERM && errno != EINVAL) fail("owner", target);
  if (summary_.owners_not_kept++ == 0) {
    log_.warn(base::cat(
        "cannot give ", shown(target), " to ", uid, ":", gid,
        errno == EINVAL ? " (id not mapped in this user namespace)" : " (needs root)",
        "; setuid and setgid bits are left out with owners; further ones are counted only"));
  }
  return (now.st_uid == uid ? 0 : S_ISUID) | (now.st_gid == gid ? 0 : S_ISGID);
}

void AttributeWriter::set_xattrs(const Target& target, const std::vector<base::Xattr>& xattrs) {
  for (const base::Xattr& xattr : xattrs) {
    if (!belongs_to_image(xattr.name)) continue;
    if (set_xattr(target, xattr) == 0) continue;
    const int error = errno;
    if (!is_refusal(error)) fail(base::cat("attribute ", base::excerpt(xattr.name)), target);
    ++summary_.skipped_xattrs;
    if (!std::exchange(warned_of_xattrs_, true)) {
      log_.warn(base::cat("cannot set ", base::excerpt(xattr.name), " of ", shown(target), ": ",
                          std::strerror(error), " (further ones are counted only)"));
    }
  }
}

void AttributeWriter::remove_xattrs(const Target& target, const std::vector<base::Xattr>& keep) {
  for (const base::Xattr& old : list_xattrs(target.fd, ".", target.path)) {
    const bool kept = std::any_of(keep.begin(), keep.end(),
                                  [&](const base::Xattr& xattr) { return xattr.name == old.name; });
    if (!kept && ::fremovexattr(target.fd, old.name.c_str()) != 0 && !is_refusal(errno)) {
      fail(base::cat("attribute ", old.name), target);
    }
  }
}

void AttributeWriter::set_mode(const Target& target, uint32_t mode) {
  const auto bits = static_cast<mode_t>(mode & 07777);
  const int result = target.fd >= 0 ? ::fchmod(target.fd, bits)
                                    : ::fchmodat(target.parent, name_of(target).c_str(), bits, 0);
  if (result != 0) fail("mode", target);
}

void AttributeWriter::set_times(const Target& target, int64_t seconds, uint32_t nanoseconds) {
  const timespec modified{seconds, static_cast<long>(nanoseconds)};
  const timespec times[2] = {modified, modified};
  const int result = target.fd >= 0 ? ::futimens(target.fd, times)
                                    : ::utimensat(target.parent, name_of(target).c_str(), times,
                                                  AT_SYMLINK_NOFOLLOW);
  if (result != 0) fail("time", target);
}

}  // namespace rootfs
