#include "rootfs/xattrs.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

constexpr size_t largest_list = 1024 * 1024;  ///< Many times what the kernel hands out.

/// What a call writes that tells the size when it gets no buffer; nothing when there is nothing.
template <class Call>
std::optional<std::string> read_whole(std::string_view what, Call call) {
  std::string bytes;
  for (size_t least = 0;; least = 2 * bytes.size()) {
    ssize_t length = call(nullptr, 0);
    if (length > 0) {
      bytes.resize(std::max(static_cast<size_t>(length), least));
      length = call(bytes.data(), bytes.size());
    }
    if (length >= 0) {
      bytes.resize(static_cast<size_t>(length));
      return bytes;
    }
    if (errno == ENODATA || errno == ENOTSUP) return std::nullopt;
    // Else it has grown between the calls, or the file system does not know its size.
    if (errno != ERANGE || bytes.size() > largest_list) {
      base::throw_errno(base::cat("read the extended attributes of ", base::excerpt(what)));
    }
  }
}

/// Like llistxattr(2) for a name in a directory. The call for that is younger than the C library's
/// headers (Linux 6.13) and many times faster than a way through /proc; what kernels or seccomp
/// profiles that do not know it answer are the two errors.
ssize_t list_names(int directory, const std::string& name, char* to, size_t size) {
  constexpr long listxattrat = 465;
  const long length =
      ::syscall(listxattrat, directory, name.c_str(), AT_SYMLINK_NOFOLLOW, to, size);
  if (length >= 0 || (errno != ENOSYS && errno != EPERM)) return length;
  return ::llistxattr(path_below(directory, name).c_str(), to, size);
}

/// The kernel's own rules (xattr(7)), apart from those of single file systems.
bool fits(std::string_view name, std::string_view value, base::EntryKind kind) {
  if (name.size() > XATTR_NAME_MAX || value.size() > XATTR_SIZE_MAX) return false;
  const bool is_directory = kind == base::EntryKind::directory;
  if (name.starts_with("user.")) {
    return name.size() > 5 && (is_directory || kind == base::EntryKind::file);
  }
  if (name == "system.posix_acl_access") return kind != base::EntryKind::symlink;
  if (name == "system.posix_acl_default") return is_directory;
  return name == "security.capability";
}

}  // namespace

std::vector<base::Xattr> settle_xattrs(const base::Entry& entry, uint64_t& skipped) {
  std::map<std::string_view, const base::Xattr*> last;  // Of those with one name the last one wins.
  for (const base::Xattr& xattr : entry.xattrs) {
    if (!belongs_to_image(xattr.name)) continue;
    if (fits(xattr.name, xattr.value, entry.kind)) {
      last[xattr.name] = &xattr;
    } else {
      ++skipped;
    }
  }
  std::vector<base::Xattr> settled;
  settled.reserve(last.size());
  for (const auto& [name, xattr] : last) settled.push_back(*xattr);
  return settled;
}

bool belongs_to_image(std::string_view name) {
  if (name == "security.capability") return true;
  if (name.starts_with("user.")) return !name.starts_with("user.overlay.");
  return name.starts_with("system.posix_acl_");
}

std::vector<base::Xattr> list_xattrs(int directory, const std::string& name,
                                     std::string_view what) {
  std::vector<base::Xattr> xattrs;
  const auto names = read_whole(
      what, [&](char* to, size_t size) { return list_names(directory, name, to, size); });
  if (!names || names->empty()) return xattrs;
  const std::string path = path_below(directory, name);
  for (size_t at = 0; at < names->size(); at += std::strlen(names->c_str() + at) + 1) {
    const char* attribute = names->c_str() + at;
    if (!belongs_to_image(attribute)) continue;
    auto value = read_whole(what, [&](char* to, size_t size) {
      return ::lgetxattr(path.c_str(), attribute, to, size);
    });
    if (value) xattrs.push_back({attribute, std::move(*value)});
  }
  std::sort(xattrs.begin(), xattrs.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return xattrs;
}

std::string path_below(int directory, std::string_view name) {
  return base::cat("/proc/self/fd/", directory, "/", name);
}

}  // namespace rootfs
