#include "base/rooted_dir.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/error.hpp"
#include "base/rooted_walk.hpp"
#include "base/text.hpp"

namespace base {
namespace {

// EAGAIN means that a rename somewhere raced with ".."; on a busy machine it may come often.
constexpr int max_tries = 64;

UniqueFd open_in_root(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (int tries = 1;; ++tries) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)));
    if (fd || errno == EINTR) {
      if (fd) return fd;
    } else if (errno != EAGAIN || tries >= max_tries) {
      return fd;
    }
  }
}

std::string quoted(std::string_view path) {
  return path.empty() ? "the root directory" : cat("\"", excerpt(path), "\"");
}

void refuse_nul(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    throw Error(cat("path ", quoted(path), " holds a NUL byte"));
  }
}

}  // namespace

RootedDir RootedDir::open(const std::string& path, Openat2 openat2) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw_errno(cat("open directory ", quoted(path)));
  // Kernels before 5.6 say ENOSYS, seccomp profiles EPERM or ENOSYS, emulators EINVAL: whatever
  // the reason, a call that fails for "." will not work for any other path.
  const bool has_openat2 =
      openat2 == Openat2::probe && open_in_root(fd.get(), ".", O_PATH | O_DIRECTORY);
  return RootedDir(std::move(fd), has_openat2);
}

UniqueFd RootedDir::resolve(std::string_view path, int flags) const {
  refuse_nul(path);
  if (has_openat2_ && path.size() < PATH_MAX) {
    const std::string name = path.empty() ? "." : std::string(path);
    UniqueFd fd = open_in_root(fd_.get(), name.c_str(), flags);
    if (fd || errno != EAGAIN) return fd;
  }
  if ((flags & O_DIRECTORY) != 0) return detail::walk_to_directory(fd_.get(), path);
  const auto [directory, last] = split_path(path);
  const std::string name(last);
  if (name.empty() || name == "." || name == "..") {
    errno = EISDIR;
    return {};
  }
  const UniqueFd parent = detail::walk_to_directory(fd_.get(), directory);
  if (!parent) return {};
  return UniqueFd(::openat(parent.get(), name.c_str(), flags | O_CLOEXEC));
}

UniqueFd RootedDir::open_directory(std::string_view path) const {
  UniqueFd fd = resolve(path, O_RDONLY | O_DIRECTORY);
  if (!fd && errno != ENOENT && errno != ENOTDIR) throw_errno(cat("open directory ", quoted(path)));
  return fd;
}

UniqueFd RootedDir::make_directories(std::string_view path, const MakeDirectory& make) const {
  refuse_nul(path);
  UniqueFd fd = detail::walk_to_directory(fd_.get(), path, &make);
  if (!fd) throw_errno(cat("make directory ", quoted(path)));
  return fd;
}

UniqueFd RootedDir::open_file(std::string_view path) const {
  UniqueFd fd = find_file(path);
  if (!fd) throw_errno(cat("open file ", quoted(path)));
  return fd;
}

UniqueFd RootedDir::find_file(std::string_view path) const {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  UniqueFd fd = resolve(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (!fd && errno == ELOOP) {
    throw Error(cat("open file ", quoted(path), ": is a symbolic link or behind a loop of links"));
  }
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return fd;
  if (!fd) throw_errno(cat("open file ", quoted(path)));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_errno(cat("open file ", quoted(path)));
  if (!S_ISREG(status.st_mode)) {
    throw Error(cat("open file ", quoted(path), ": is not a regular file"));
  }
  return fd;
}

}  // namespace base
