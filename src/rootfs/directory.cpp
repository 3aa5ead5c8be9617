#include "rootfs/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_directory(int parent, const char* name) {
  struct stat status {};
  if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    base::throw_errno(base::cat("inspect \"", base::excerpt(name), "\""));
  }
  return S_ISDIR(status.st_mode);
}

/// Visitor that removes all it meets.
class Remover : public Visitor {
 public:
  void other(int parent, const DirectoryId&, const std::string& name) override {
    if (::unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT) fail(name);
  }
  void leave(int, int parent, const std::string& name) override {
    if (parent >= 0) remove_directory(parent, name);
  }

  static void remove_directory(int parent, const std::string& name) {
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) fail(name);
  }

 private:
  [[noreturn]] static void fail(const std::string& name) {
    base::throw_errno(base::cat("remove \"", base::excerpt(name), "\""));
  }
};

/// A directory on the way down, with the subdirectories that are still to be visited.
struct Level {
  std::string name;
  DirectoryId id;
  std::vector<std::string> pending;
};

Level visit_names(int directory, std::string name, Visitor& visitor) {
  Level level{std::move(name), directory_id(directory), {}};
  const auto context = [&] {
    return level.name.empty() ? "the top directory"
                              : base::cat("directory \"", base::excerpt(level.name), "\"");
  };
  for (Child& child : base::with_context(context, [&] { return children(directory); })) {
    if (child.is_directory) {
      level.pending.push_back(std::move(child.name));
    } else {
      visitor.other(directory, level.id, child.name);
    }
  }
  return level;
}

}  // namespace

DirectoryId directory_id(int directory) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) base::throw_errno("inspect a directory");
  return {status.st_dev, status.st_ino};
}

std::vector<Child> children(int directory) {
  std::vector<Child> found;
  alignas(dirent64) char buffer[32 * 1024];
  if (::lseek(directory, 0, SEEK_SET) < 0) base::throw_errno("list a directory");
  for (;;) {
    const ssize_t length = ::getdents64(directory, buffer, sizeof buffer);
    if (length < 0) base::throw_errno("list a directory");
    if (length == 0) return found;
    for (ssize_t at = 0; at < length;) {
      const auto* record = reinterpret_cast<const dirent64*>(buffer + at);
      at += record->d_reclen;
      const char* name = record->d_name;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      found.push_back({name, record->d_type == DT_UNKNOWN ? is_directory(directory, name)
                                                          : record->d_type == DT_DIR});
    }
  }
}

bool has_name(int directory, std::string_view name) {
  const std::vector<Child> all = children(directory);
  return std::any_of(all.begin(), all.end(),
                     [&](const Child& child) { return child.name == name; });
}

base::UniqueFd open_child(int directory, const std::string& name) {
  return base::UniqueFd(::openat(directory, name.c_str(), directory_flags));
}

base::UniqueFd open_parent(int directory) {
  return open_child(directory, "..");
}

void walk(int start, Visitor& visitor) {
  base::UniqueFd current = open_child(start, ".");
  if (!current) base::throw_errno("open a directory");
  std::vector<Level> levels;
  levels.push_back(visit_names(current.get(), "", visitor));
  for (;;) {
    if (!levels.back().pending.empty()) {
      const std::string name = std::move(levels.back().pending.back());
      levels.back().pending.pop_back();
      if (!visitor.enter(current.get(), name)) continue;
      base::UniqueFd child = open_child(current.get(), name);
      if (!child) base::throw_errno(base::cat("open directory \"", base::excerpt(name), "\""));
      current = std::move(child);
      levels.push_back(visit_names(current.get(), name, visitor));
      continue;
    }
    const std::string name = std::move(levels.back().name);
    levels.pop_back();
    if (levels.empty()) return visitor.leave(current.get(), -1, name);
    // Up first: leave() may take away the permission to pass through the directory.
    base::UniqueFd parent = open_parent(current.get());
    if (!parent) base::throw_errno(base::cat("go up from directory \"", base::excerpt(name), "\""));
    if (directory_id(parent.get()) != levels.back().id) {
      throw base::Error(base::cat("directory \"", base::excerpt(name), "\" was moved meanwhile"));
    }
    visitor.leave(current.get(), parent.get(), name);
    current = std::move(parent);
  }
}

void remove_entry(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR) base::throw_errno(base::cat("remove \"", base::excerpt(name), "\""));
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return;

  /// Directories of an image may lack the permissions that removing needs (0555, 0000).
  class ForcedRemover : public Remover {
   public:
    bool enter(int directory, const std::string& child) override {
      const bool is_open =
          ::geteuid() == 0 || ::fchmodat(directory, child.c_str(), 0700, 0) == 0 || errno == EPERM;
      if (!is_open) base::throw_errno(base::cat("make \"", base::excerpt(child), "\" removable"));
      return true;
    }
  } remover;
  remover.enter(parent, name);
  const base::UniqueFd directory = open_child(parent, name);
  if (!directory) base::throw_errno(base::cat("remove \"", base::excerpt(name), "\""));
  walk(directory.get(), remover);
  Remover::remove_directory(parent, name);
}

}  // namespace rootfs
