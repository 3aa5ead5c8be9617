#include "git/delta.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "git/pack_stream.hpp"

namespace git {
namespace {

constexpr size_t buffer_size = 64 * 1024;

}  // namespace

Delta::Delta(std::string_view instructions) : window_(instructions) {
  base_size_ = number();
  result_size_ = number();
}

Delta::Delta(base::ByteSource& instructions) : source_(&instructions), buffer_(buffer_size, '\0') {
  base_size_ = number();
  result_size_ = number();
}

bool Delta::at_end() {
  if (window_.empty() && source_ != nullptr) {
    base::throw_if_cancelled();
    window_ = std::string_view(buffer_).substr(0, source_->read(buffer_));
  }
  return window_.empty();
}

uint8_t Delta::byte() {
  if (at_end()) throw_broken_pack("a delta ends too early");
  const auto value = static_cast<uint8_t>(window_.front());
  window_.remove_prefix(1);
  return value;
}

uint64_t Delta::number() {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t part = byte();
    if (shift > 56) throw_broken_pack("a size without an end");
    value |= static_cast<uint64_t>(part & 0x7FU) << shift;
    if ((part & 0x80U) == 0) return value;
  }
}

void Delta::apply(const DeltaBase& base, base::ByteSink& out) {
  if (base.content == nullptr && base.bytes.size() != base_size_) {
    throw_broken_pack("a delta for an object of another size");
  }
  left_ = result_size_;
  while (!at_end()) {
    const uint8_t operation = byte();
    if ((operation & 0x80U) != 0) {
      copy(operation, base, out);
    } else {
      if (operation == 0) throw_broken_pack("an unknown instruction in a delta");
      insert(operation, out);
    }
  }
  if (left_ != 0) throw_broken_pack("a delta makes less than it announces");
}

void Delta::insert(size_t size, base::ByteSink& out) {
  if (size > left_) throw_broken_pack("a delta makes more than it announces");
  left_ -= size;
  while (size > 0) {
    if (at_end()) throw_broken_pack("a delta ends too early");
    const size_t part = std::min(size, window_.size());
    out.write(window_.substr(0, part));
    window_.remove_prefix(part);
    size -= part;
  }
}

void Delta::copy(uint8_t operation, const DeltaBase& base, base::ByteSink& out) {
  uint64_t offset = 0;
  uint64_t size = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if ((operation & 1U << i) != 0) offset |= static_cast<uint64_t>(byte()) << 8U * i;
  }
  for (unsigned i = 0; i < 3; ++i) {
    if ((operation & 0x10U << i) != 0) size |= static_cast<uint64_t>(byte()) << 8U * i;
  }
  if (size == 0) size = 0x10000;
  if (offset > base_size_ || size > base_size_ - offset) {
    throw_broken_pack("a delta reaches beyond its base");
  }
  if (size > left_) throw_broken_pack("a delta makes more than it announces");
  left_ -= size;
  if (base.content == nullptr) {
    out.write(base.bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(size)));
    return;
  }
  while (size > 0) {
    piece_.resize(static_cast<size_t>(std::min<uint64_t>(size, buffer_size)));
    base.content->read_at(offset, piece_);
    out.write(piece_);
    offset += piece_.size();
    size -= piece_.size();
  }
}

}  // namespace git
