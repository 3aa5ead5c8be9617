#include "git/pack_stream.hpp"

#include <cstring>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace git {
namespace {

constexpr size_t buffer_size = 256 * 1024;
constexpr size_t piece_size = 256 * 1024;
/// The inflater may give this many bytes back.
constexpr size_t keep_behind = 8;
constexpr unsigned offset_delta = 6;
constexpr unsigned reference_delta = 7;

}  // namespace

void throw_broken_pack(std::string_view what) {
  throw base::Error(base::cat("the server sent a broken pack: ", what));
}

PackStream::PackStream(base::ByteSource& pack, Checksum checksum)
    : pack_(pack), checksum_(checksum), buffer_(buffer_size) {
  std::string header;
  for (int i = 0; i < 12; ++i) header += static_cast<char>(byte());
  if (!header.starts_with(std::string_view("PACK\0\0\0\2", 8))) throw_broken_pack("no pack header");
  for (size_t i = 8; i < 12; ++i) count_ = count_ << 8U | static_cast<unsigned char>(header[i]);
}

uint8_t PackStream::byte() {
  if (position_ == end_ && !refill()) throw_broken_pack("it ends too early");
  return static_cast<uint8_t>(buffer_[position_++]);
}

/// Called when everything is used up; false at the end of the source.
bool PackStream::refill() {
  base::throw_if_cancelled();
  const size_t drop = position_ > keep_behind ? position_ - keep_behind : 0;
  if (checksum_ == Checksum::compared) hasher_.update({buffer_.data(), drop});
  std::memmove(buffer_.data(), buffer_.data() + drop, end_ - drop);
  position_ -= drop;
  end_ -= drop;
  dropped_ += drop;
  const size_t count = pack_.read(std::span(buffer_).subspan(end_));
  end_ += count;
  return count > 0;
}

uint64_t PackStream::read_size(uint8_t head, uint64_t size, unsigned shift) {
  for (; (head & 0x80U) != 0; shift += 7) {
    head = byte();
    if (shift > 56) throw_broken_pack("a size without an end");
    size |= static_cast<uint64_t>(head & 0x7FU) << shift;
  }
  return size;
}

PackEntry PackStream::next() {
  PackEntry entry;
  entry.offset = dropped_ + position_;
  uint8_t head = byte();
  const unsigned type = head >> 4U & 7U;
  entry.size = read_size(head, head & 15U, 4);
  if (type == offset_delta) {
    entry.delta = PackEntry::Delta::by_offset;
    head = byte();
    uint64_t distance = head & 0x7FU;
    while ((head & 0x80U) != 0) {
      head = byte();
      if (distance > (UINT64_MAX >> 8U)) throw_broken_pack("an offset without an end");
      distance = (distance + 1) << 7U | (head & 0x7FU);
    }
    if (distance == 0 || distance > entry.offset) throw_broken_pack("an offset outside of it");
    entry.base_offset = entry.offset - distance;
  } else if (type == reference_delta) {
    entry.delta = PackEntry::Delta::by_id;
    for (uint8_t& part : entry.base_id.bytes) part = byte();
  } else if (type >= 1 && type <= 4) {
    entry.type = static_cast<ObjectType>(type);
  } else {
    throw_broken_pack("an object of unknown type");
  }
  inflater_.reset();
  return entry;
}

bool PackStream::inflate_some(std::span<char> out, size_t& produced) {
  if (position_ == end_ && !refill()) throw_broken_pack("it ends too early");
  const auto step = base::with_context("the server sent a broken pack", [&] {
    return inflater_.inflate({buffer_.data() + position_, end_ - position_}, out);
  });
  position_ = static_cast<size_t>(static_cast<std::ptrdiff_t>(position_) + step.consumed);
  produced = step.produced;
  if (!step.finished && step.consumed <= 0 && produced == 0)
    throw_broken_pack("it cannot be inflated");
  return step.finished;
}

std::string PackStream::inflate(const PackEntry& entry) {
  std::string out(static_cast<size_t>(entry.size), '\0');
  size_t filled = 0;
  for (bool finished = false; !finished;) {
    // One byte more than announced, so that too long a stream shows.
    char beyond = 0;
    std::span<char> rest = std::span(out).subspan(filled);
    if (rest.empty()) rest = std::span(&beyond, 1);
    size_t produced = 0;
    finished = inflate_some(rest, produced);
    filled += produced;
    if (filled > entry.size) throw_broken_pack("an object is longer than announced");
  }
  if (filled != entry.size) throw_broken_pack("an object is shorter than announced");
  return out;
}

void PackStream::inflate(const PackEntry& entry,
                         const std::function<void(std::string_view)>& take) {
  piece_.resize(piece_size);
  uint64_t total = 0;
  for (bool finished = false; !finished;) {
    size_t produced = 0;
    finished = inflate_some(piece_, produced);
    total += produced;
    if (total > entry.size) throw_broken_pack("an object is longer than announced");
    if (produced > 0) take({piece_.data(), produced});
  }
  if (total != entry.size) throw_broken_pack("an object is shorter than announced");
}

void PackStream::finish() {
  hasher_.update({buffer_.data(), position_});
  const std::string sum = hasher_.finish();
  // From here on nothing is hashed; what refill() still feeds in is never looked at.
  for (const char expected : sum) {
    const bool same = static_cast<char>(byte()) == expected;
    if (!same && checksum_ == Checksum::compared) throw_broken_pack("its checksum does not match");
  }
  if (position_ != end_ || refill()) throw_broken_pack("more bytes follow it");
}

}  // namespace git
