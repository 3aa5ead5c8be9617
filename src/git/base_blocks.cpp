#include "git/base_blocks.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace git {
namespace {

constexpr uint64_t block_size = 16 * 1024;

}  // namespace

void BaseBlocks::read_at(uint64_t offset, std::span<char> buffer) const {
  if (buffer.size() >= block_size) {
    count_(buffer.size());
    return content_->read_at(offset, buffer);
  }
  while (!buffer.empty()) {
    if (offset >= size_) throw base::Error("read beyond the end of a file");
    const uint64_t start = offset - offset % block_size;
    if (block_.empty() || start != start_) {
      count_(block_size);
      block_.resize(static_cast<size_t>(std::min(block_size, size_ - start)));
      content_->read_at(start, block_);
      start_ = start;
    }
    const size_t count =
        block_.copy(buffer.data(), buffer.size(), static_cast<size_t>(offset - start));
    buffer = buffer.subspan(count);
    offset += count;
  }
}

}  // namespace git
