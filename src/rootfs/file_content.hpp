#pragma once
#include <sys/stat.h>

#include <memory>
#include <string>

#include "base/entry.hpp"
#include "base/rooted_dir.hpp"

namespace rootfs {

/// Which state of a file is meant: what a later change of its bytes would alter.
struct FileState {
  uint64_t size = 0;
  int64_t mtime_seconds = 0;
  int64_t mtime_nanoseconds = 0;

  static FileState of(const struct stat& status);
  bool operator==(const FileState&) const = default;
};

/// Error when the open file `fd` is not in `state` (any more).
void check_unchanged(int fd, const FileState& state, std::string_view path);

/// A file below a root, opened anew for each read, so that any number of them costs no descriptors.
class FileContent : public base::Content {
 public:
  /// Where it lies, which all files of a directory share: there may be very many.
  struct Directory {
    std::shared_ptr<const base::RootedDir> root;
    std::string path;
  };

  FileContent(std::shared_ptr<const Directory> directory, std::string name, const FileState& state)
      : directory_(std::move(directory)), name_(std::move(name)), state_(state) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override;

 private:
  std::shared_ptr<const Directory> directory_;
  std::string name_;
  FileState state_;
};

/// The bytes of one file from the start; Error at the end when it changed meanwhile.
class FileStream : public base::ByteSource {
 public:
  FileStream(base::UniqueFd fd, std::string path, const FileState& state)
      : fd_(std::move(fd)), path_(std::move(path)), state_(state) {}
  size_t read(std::span<char> buffer) override;

 private:
  base::UniqueFd fd_;
  std::string path_;
  FileState state_;
  uint64_t position_ = 0;
};

}  // namespace rootfs
