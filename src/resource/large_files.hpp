#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "lfs/pointer.hpp"
#include "lfs/store.hpp"

namespace resource {

/// The files of one image that git-lfs keeps: what the tree has in their place, what has to be
/// uploaded, and what makes a clone fetch them.
class LargeFiles {
 public:
  /// Files of at least `threshold` bytes that are put below `prefix`.
  LargeFiles(uint64_t threshold, std::string prefix)
      : threshold_(threshold), prefix_(std::move(prefix)) {}

  /// Whether git-lfs keeps this file. Not those with a path that git cannot read from
  /// .gitattributes.
  bool takes(const base::Entry& entry) const;

  /// The pointer to a file, or to what a hard link is another name of; nothing when git itself
  /// keeps it. Reads the whole file.
  std::optional<lfs::Pointer> point_to(const base::Entry& entry);

  /// Notes that the pointer, and not the file, is what stands in the tree at `path`.
  void place(const std::string& path) { placed_.push_back(path); }

  const std::vector<lfs::Upload>& uploads() const { return uploads_; }
  uint64_t bytes() const { return bytes_; }  ///< Of them all.
  /// Lines for the .gitattributes at the top of the repository.
  std::string attributes() const;

 private:
  uint64_t threshold_;
  std::string prefix_;
  std::map<std::string, lfs::Pointer> first_names_;  ///< Of files with further names.
  std::vector<lfs::Upload> uploads_;
  std::vector<std::string> placed_;
  uint64_t bytes_ = 0;
};

/// The .lfsconfig that tells clones where git-lfs has a repository's files (git-lfs-config(5));
/// `url` without what may be secret in it.
std::string lfs_config(const std::string& url);

/// SHA-256 of all bytes, as 64 hexadecimal digits.
std::string sha256_of(base::ByteSource& bytes);

}  // namespace resource
