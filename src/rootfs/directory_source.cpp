#include "rootfs/directory_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/rooted_dir.hpp"
#include "base/text.hpp"
#include "rootfs/directory.hpp"
#include "rootfs/entry_placer.hpp"
#include "rootfs/file_content.hpp"
#include "rootfs/xattrs.hpp"

namespace rootfs {
namespace {

base::EntryKind kind_of(const struct stat& status) {
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return base::EntryKind::file;
    case S_IFDIR:
      return base::EntryKind::directory;
    case S_IFLNK:
      return base::EntryKind::symlink;
    case S_IFIFO:
      return base::EntryKind::fifo;
    case S_IFSOCK:
      return base::EntryKind::socket;
    case S_IFCHR:
      return base::EntryKind::char_device;
    default:
      return base::EntryKind::block_device;
  }
}

/// Names of one directory in descending order, so that the next one is at the back.
std::vector<std::string> sorted_names(int directory) {
  std::vector<std::string> names;
  for (Child& child : children(directory)) names.push_back(std::move(child.name));
  std::sort(names.begin(), names.end(), std::greater<>());
  return names;
}

std::string read_link(int directory, const std::string& name, std::string_view path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t length = ::readlinkat(directory, name.c_str(), text.data(), text.size());
  if (length < 0) base::throw_errno(base::cat("read link \"", base::excerpt(path), "\""));
  return {text.data(), static_cast<size_t>(length)};
}

void copy_attributes(const struct stat& from, base::Entry& to) {
  to.kind = kind_of(from);
  to.mode = from.st_mode & 07777;
  to.uid = from.st_uid;
  to.gid = from.st_gid;
  to.mtime_seconds = from.st_mtim.tv_sec;
  to.mtime_nanoseconds = static_cast<uint32_t>(from.st_mtim.tv_nsec);
  const bool is_device = base::is_device(to.kind);
  to.device_major = is_device ? ::major(from.st_rdev) : 0;
  to.device_minor = is_device ? ::minor(from.st_rdev) : 0;
  to.size = to.kind == base::EntryKind::file ? static_cast<uint64_t>(from.st_size) : 0;
}

/// Remembers the first name of files that have several, until the last one was seen.
class FirstNames {
 public:
  /// The name the file was seen under before, else "" and `path` is remembered.
  std::string other_name_of(const struct stat& status, const std::string& path) {
    const auto [found, is_new] =
        names_.try_emplace({status.st_dev, status.st_ino}, Names{path, status.st_nlink - 1});
    if (is_new) return "";
    std::string first = found->second.first;
    if (--found->second.left == 0) names_.erase(found);
    return first;
  }

 private:
  struct Names {
    std::string first;
    nlink_t left;
  };
  std::map<DirectoryId, Names> names_;
};

struct Level {
  size_t path_length;  ///< Of the directory's path.
  DirectoryId id;
  std::vector<std::string> names;
  std::shared_ptr<const FileContent::Directory> files;
};

}  // namespace

struct DirectorySource::Impl {
  explicit Impl(const std::string& top)
      : root(std::make_shared<const base::RootedDir>(base::RootedDir::open(top))),
        current(open_child(root->fd(), ".")) {
    if (!current) base::throw_errno(base::cat("open directory ", base::printable(top)));
  }

  bool next(base::Entry& entry) {
    base::throw_if_cancelled();
    stream.reset();
    if (!started) {
      started = true;
      return give("", ".", entry);
    }
    while (!levels.empty() && levels.back().names.empty()) leave();
    if (levels.empty()) return false;
    const std::string name = std::move(levels.back().names.back());
    levels.back().names.pop_back();
    path.resize(levels.back().path_length);
    if (!path.empty()) path += '/';
    path += name;
    return give(path, name, entry);
  }

  bool give(const std::string& entry_path, const std::string& name, base::Entry& entry) {
    struct stat status {};
    if (::fstatat(current.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      base::throw_errno(doing("inspect", entry_path));
    }
    entry.path = entry_path;
    copy_attributes(status, entry);
    entry.xattrs = list_xattrs(current.get(), name, entry_path);
    entry.link.clear();
    entry.content = nullptr;
    // As for an image from a registry: each name of a device is a device.
    entry.has_other_names =
        entry.kind != base::EntryKind::directory && status.st_nlink > 1 && !is_left_out(entry.kind);
    state = FileState::of(status);
    file_name = name;
    if (entry.kind == base::EntryKind::file) {
      entry.content = std::make_shared<FileContent>(levels.back().files, name, state);
    }
    if (entry.has_other_names) {
      if (std::string first = names.other_name_of(status, entry_path); !first.empty()) {
        entry.kind = base::EntryKind::hardlink;
        entry.link = std::move(first);
        return true;
      }
    }
    if (entry.kind == base::EntryKind::symlink) {
      entry.link = read_link(current.get(), name, entry_path);
    }
    if (entry.kind == base::EntryKind::directory) enter(entry_path, name, status);
    return true;
  }

  void enter(const std::string& entry_path, const std::string& name, const struct stat& status) {
    base::UniqueFd directory = open_child(current.get(), name);
    if (!directory) base::throw_errno(doing("open directory", entry_path));
    const DirectoryId id{status.st_dev, status.st_ino};
    if (directory_id(directory.get()) != id) changed(entry_path);
    current = std::move(directory);
    const FileContent::Directory files{root, entry_path};
    levels.push_back({entry_path.size(), id,
                      base::with_context([&] { return doing("read directory", entry_path); },
                                         [&] { return sorted_names(current.get()); }),
                      std::make_shared<FileContent::Directory>(files)});
  }

  void leave() {
    path.resize(levels.back().path_length);
    levels.pop_back();
    if (levels.empty()) return;
    current = open_parent(current.get());
    if (!current) base::throw_errno(doing("leave directory", path));
    if (directory_id(current.get()) != levels.back().id) changed(path);
  }

  base::ByteSource& data() {
    if (!stream) {
      base::UniqueFd fd(::openat(current.get(), file_name.c_str(),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
      if (!fd) base::throw_errno(doing("read", path));
      check_unchanged(fd.get(), state, path);
      stream = std::make_unique<FileStream>(std::move(fd), path, state);
    }
    return *stream;
  }

  static std::string doing(std::string_view what, std::string_view path) {
    if (path.empty()) return base::cat(what, " the image's root");
    return base::cat(what, " \"", base::excerpt(path), "\"");
  }
  [[noreturn]] static void changed(std::string_view path) {
    throw base::Error(
        base::cat("directory \"", base::excerpt(path), "\" was moved while it was read"));
  }

  std::shared_ptr<const base::RootedDir> root;
  base::UniqueFd current;
  std::vector<Level> levels;
  std::string path;
  FirstNames names;
  bool started = false;
  std::string file_name;
  FileState state;
  std::unique_ptr<FileStream> stream;
};

DirectorySource::DirectorySource(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
DirectorySource::~DirectorySource() = default;
bool DirectorySource::next(base::Entry& entry) {
  return impl_->next(entry);
}
base::ByteSource& DirectorySource::data() {
  return impl_->data();
}

}  // namespace rootfs
