#include "rootfs/block_reader.hpp"

#include <algorithm>

#include "base/cancel.hpp"

namespace rootfs {
namespace {

constexpr size_t block_size = 256 * base::tar_record_size;
constexpr size_t shown_bytes = 40;

}  // namespace

BlockReader::BlockReader(base::ByteSource& source) : source_(source), block_(block_size) {}

std::span<const char> BlockReader::next() {
  base::throw_if_cancelled();
  // The last block stays as it is at the end: what lies behind the end marker is looked up in it.
  size_t count = base::read_full(source_, std::span(block_).first(block_size));
  if (count == 0) return {};
  start_ += length_;
  if (start_ == 0) beginning_.assign(block_.data(), std::min(count, shown_bytes));
  if (const size_t missing = guard_.look(std::span(block_).first(count)); missing > 0) {
    const size_t begin = static_cast<size_t>(guard_.position() - start_);
    block_.resize(std::max(block_.size(), count + missing));
    count += base::read_full(source_, std::span(block_).subspan(count, missing));
    guard_.look(std::span(block_).first(count).subspan(begin));
  }
  count += pad(count);
  length_ = count;
  return {block_.data(), count};
}

size_t BlockReader::pad(size_t count) {
  const size_t begin = static_cast<size_t>(guard_.position() - start_);
  const size_t missing = guard_.missing_padding(count - begin);
  if (missing == 0) return 0;
  std::fill_n(block_.begin() + static_cast<std::ptrdiff_t>(count), missing, '\0');
  guard_.look(std::span(block_).subspan(begin, count + missing - begin));
  return missing;
}

bool BlockReader::has_data_at(uint64_t offset) const {
  if (offset < start_ || offset - start_ >= length_) return false;
  const auto record = std::span(block_).first(length_).subspan(offset - start_);
  const auto seen = record.first(std::min(base::tar_record_size, record.size()));
  return std::any_of(seen.begin(), seen.end(), [](char c) { return c != 0; });
}

}  // namespace rootfs
