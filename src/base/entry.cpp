#include "base/entry.hpp"

#include <algorithm>

namespace base {

size_t ContentSource::read(std::span<char> buffer) {
  const auto count = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_ - position_));
  if (count > 0) content_->read_at(position_, buffer.first(count));
  position_ += count;
  return count;
}

}  // namespace base
