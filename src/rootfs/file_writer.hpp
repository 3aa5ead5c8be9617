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

}  // namespace rootfs
