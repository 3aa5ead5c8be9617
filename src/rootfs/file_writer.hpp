#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/stream.hpp"

namespace rootfs {

/// Writes file content in large pieces, with one buffer for all files.
class FileWriter {
 public:
  FileWriter();
  /// Writes all of `data`, which must be `size` bytes, to the new and empty file `fd`; long runs of
  /// zeros become holes. `path` is for messages.
  void write(int fd, base::ByteSource& data, uint64_t size, std::string_view path);

 private:
  std::vector<char> buffer_;
};

/// Copies a file's content for a hard link that the file system cannot make.
class FdSource : public base::ByteSource {
 public:
  FdSource(int fd, std::string_view path) : fd_(fd), path_(path) {}
  size_t read(std::span<char> buffer) override;

 private:
  int fd_;
  std::string_view path_;
};

}  // namespace rootfs
