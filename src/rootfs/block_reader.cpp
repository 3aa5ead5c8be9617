#include "rootfs/block_reader.hpp"

#include <algorithm>

#include "base/cancel.hpp"

namespace rootfs {
namespace {

constexpr size_t record_size = 512;
constexpr size_t block_size = 256 * record_size;
constexpr size_t shown_bytes = 40;

}  // namespace

BlockReader::BlockReader(base::ByteSource& source) : source_(source), block_(block_size) {}

std::span<const char> BlockReader::next() {
  base::throw_if_cancelled();
  // The last block stays as it is at the end: what lies behind the end marker is looked up in it.
  const size_t count = base::read_full(source_, block_);
  if (count == 0) return {};
  start_ += length_;
  length_ = count;
  if (start_ == 0) beginning_.assign(block_.data(), std::min(count, shown_bytes));
  guard_.look({block_.data(), count});
  return {block_.data(), count};
}

bool BlockReader::has_data_at(uint64_t offset) const {
  if (offset < start_ || offset - start_ >= length_) return false;
  const auto record = std::span(block_).first(length_).subspan(offset - start_);
  const auto seen = record.first(std::min(record_size, record.size()));
  return std::any_of(seen.begin(), seen.end(), [](char c) { return c != 0; });
}

}  // namespace rootfs
