#pragma once
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/text.hpp"

/// Everything there is to know about one entry of a tree on disk, as comparable text.
struct ListedEntry {
  std::string kind;  ///< file, dir, symlink, fifo, other
  unsigned mode = 0;
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;   ///< Of files.
  std::string sha256;  ///< Of files.
  uint64_t links = 0;  ///< Names of the inode; 0 for directories.
  std::string target;  ///< Of symlinks.
  std::map<std::string, std::string> xattrs;
  int64_t mtime_seconds = 0;
  int64_t mtime_nanoseconds = 0;
  uint64_t inode = 0;  ///< Not part of text(): to see which names belong together.

  std::string text() const {
    std::string out = base::cat(kind, " ", mode, " ", uid, ":", gid, " size=", size, " ", sha256,
                                " links=", links, " -> ", base::printable(target),
                                " mtime=", mtime_seconds, ".", mtime_nanoseconds);
    for (const auto& [name, value] : xattrs) out += base::cat(" ", name, "=", base::to_hex(value));
    return out;
  }
};

using TreeListing = std::map<std::string, ListedEntry>;

inline ListedEntry list_entry(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("lstat " + path.string());
  ListedEntry entry;
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  entry.mtime_seconds = status.st_mtim.tv_sec;
  entry.mtime_nanoseconds = status.st_mtim.tv_nsec;
  entry.inode = status.st_ino;
  if (!S_ISDIR(status.st_mode)) entry.links = status.st_nlink;
  if (S_ISREG(status.st_mode)) {
    entry.kind = "file";
    entry.size = static_cast<uint64_t>(status.st_size);
    std::ifstream in(path, std::ios::binary);
    entry.sha256 = base::sha256_hex(
        std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
  } else if (S_ISDIR(status.st_mode)) {
    entry.kind = "dir";
  } else if (S_ISLNK(status.st_mode)) {
    entry.kind = "symlink";
    entry.target = std::filesystem::read_symlink(path).string();
  } else {
    entry.kind = S_ISFIFO(status.st_mode) ? "fifo" : "other";
  }
  std::vector<char> names(64 * 1024);
  const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
  for (const char* at = names.data(); length > 0 && at < names.data() + length;) {
    const std::string name = at;
    std::vector<char> value(64 * 1024);
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size >= 0) entry.xattrs[name] = std::string(value.data(), static_cast<size_t>(size));
    at += name.size() + 1;
  }
  return entry;
}

/// All entries below `root` by relative path; "" is the root itself.
inline TreeListing list_tree(const std::filesystem::path& root) {
  TreeListing listing;
  listing[""] = list_entry(root);
  for (const auto& found : std::filesystem::recursive_directory_iterator(root)) {
    listing[found.path().lexically_relative(root).string()] = list_entry(found.path());
  }
  return listing;
}

/// One line for each difference between two trees; empty when they are alike.
inline std::vector<std::string> differences(const TreeListing& a, const TreeListing& b) {
  std::vector<std::string> out;
  for (const auto& [path, entry] : a) {
    const auto other = b.find(path);
    if (other == b.end()) {
      out.push_back(base::printable(path) + ": only in the first: " + entry.text());
    } else if (entry.text() != other->second.text()) {
      out.push_back(base::printable(path) + ": " + entry.text() + " | " + other->second.text());
    }
  }
  for (const auto& [path, entry] : b) {
    if (!a.contains(path)) out.push_back(base::printable(path) + ": only in the second");
  }
  return out;
}
