#include "http/upload.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"

namespace http {
namespace {

constexpr size_t chunk_size = 1024 * 1024;

}  // namespace

void Upload::refill() {
  if (ended_ || position_ < chunk_.size()) return;
  const uint64_t wanted = size_ ? std::min<uint64_t>(chunk_size, *size_ - pulled_) : chunk_size;
  chunk_.resize(static_cast<size_t>(wanted));
  const size_t count = wanted > 0 ? source_.read(chunk_) : 0;
  chunk_.resize(count);
  position_ = 0;
  if (count == 0) {
    ended_ = true;
    if (!size_ || pulled_ == *size_) return;
    throw base::Error(base::cat("the request body ended after ", base::with_commas(pulled_), " of ",
                                base::with_commas(*size_), " bytes"));
  }
  pulled_ += count;
}

size_t Upload::give(std::span<char> buffer) {
  const size_t count = std::min(buffer.size(), chunk_.size() - position_);
  std::memcpy(buffer.data(), chunk_.data() + position_, count);
  position_ += count;
  return count;
}

}  // namespace http
