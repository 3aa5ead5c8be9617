#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/stream.hpp"
#include "rootfs/tar_guard.hpp"

namespace rootfs {

/// A tar stream in blocks, each looked at before it is handed out. Neither a tar record nor the
/// text of a header is split between two, so that some are larger, by up to base::longest_tar_text.
/// Keeps the present block and what the stream begins with.
class BlockReader {
 public:
  explicit BlockReader(base::ByteSource& source);
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  /// The next block; empty at the end, where the last block remains the present one.
  std::span<const char> next();
  /// The first few bytes of the stream.
  const std::string& beginning() const { return beginning_; }
  /// Whether the tar record at `offset` is in the present block and holds anything but zeros.
  bool has_data_at(uint64_t offset) const;
  TarGuard& guard() { return guard_; }

 private:
  /// Fills up the last record of a file where the stream ends in it; how many bytes that took.
  size_t pad(size_t count);

  base::ByteSource& source_;
  std::vector<char> block_;
  uint64_t start_ = 0;
  size_t length_ = 0;
  std::string beginning_;
  TarGuard guard_;
};

}  // namespace rootfs
