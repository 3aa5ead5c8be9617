#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "codec/deflate.hpp"
#include "git/object.hpp"

/// Makes packs entry by entry, broken ones included.
class PackBuilder {
 public:
  /// `size` is what the entry claims; the true one when left out.
  size_t add(git::ObjectType type, std::string_view bytes, std::optional<uint64_t> size = {}) {
    return add_entry(static_cast<unsigned>(type), "", bytes, size.value_or(bytes.size()));
  }
  /// A delta for the entry that starts at `base`.
  size_t add_delta(size_t base, std::string_view bytes, std::optional<uint64_t> size = {}) {
    uint64_t distance = 12 + entries_.size() - base;
    std::string text(1, static_cast<char>(distance & 127U));
    while ((distance >>= 7U) != 0) {
      --distance;
      text.insert(text.begin(), static_cast<char>(128U | (distance & 127U)));
    }
    return add_entry(6, text, bytes, size.value_or(bytes.size()));
  }
  size_t add_delta(const git::Oid& base, std::string_view bytes) {
    return add_entry(7, std::string(base.raw()), bytes, bytes.size());
  }
  /// Bytes that are no entry.
  void add_raw(std::string_view bytes) { entries_ += bytes; }

  /// `count` is what the pack claims.
  std::string pack(std::optional<uint32_t> count = {}) const {
    std::string out("PACK\0\0\0\2", 8);
    const uint32_t number = count.value_or(count_);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 255U);
    out += entries_;
    base::Hasher hasher(base::HashAlgorithm::sha1);
    hasher.update(out);
    return out + hasher.finish();
  }

 private:
  size_t add_entry(unsigned type, const std::string& base, std::string_view bytes, uint64_t size) {
    const size_t start = 12 + entries_.size();
    auto byte = static_cast<unsigned>(type << 4U | (size & 15U));
    for (size >>= 4U; size > 0; size >>= 7U) {
      entries_ += static_cast<char>(byte | 128U);
      byte = static_cast<unsigned>(size & 127U);
    }
    entries_ += static_cast<char>(byte);
    entries_ += base;
    entries_ += codec::zlib_header;
    codec::Deflater().append_unit(bytes, codec::LastUnit::yes, entries_);
    entries_ += codec::zlib_trailer(codec::adler32(bytes));
    ++count_;
    return start;
  }

  std::string entries_;
  uint32_t count_ = 0;
};

/// A number in a delta.
inline std::string delta_number(uint64_t value) {
  std::string out;
  for (; value > 127; value >>= 7U) out += static_cast<char>(128U | (value & 127U));
  return out + static_cast<char>(value);
}

inline std::string delta_copy(uint32_t offset, uint32_t size) {
  std::string out(1, '\xff');
  for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(offset >> 8U * i & 255U);
  for (unsigned i = 0; i < 3; ++i) out += static_cast<char>(size >> 8U * i & 255U);
  return out;
}

/// Instructions that add up to `text` (at most 127 bytes) behind all of the base.
inline std::string delta_appending(uint32_t base_size, std::string_view text) {
  return delta_number(base_size) + delta_number(base_size + text.size()) +
         (base_size > 0 ? delta_copy(0, base_size) : "") + static_cast<char>(text.size()) +
         std::string(text);
}
