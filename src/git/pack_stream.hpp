#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/stream.hpp"
#include "codec/decompress.hpp"
#include "git/object.hpp"

namespace git {

/// Throws the Error for a pack that is not what gitformat-pack says.
[[noreturn]] void throw_broken_pack(std::string_view what);

/// What stands before the compressed bytes of a pack entry. All of it is the sender's claim.
struct PackEntry {
  enum class Delta { none, by_offset, by_id };

  uint64_t offset = 0;  ///< Where the entry starts in the pack.
  Delta delta = Delta::none;
  ObjectType type = ObjectType::blob;  ///< Of an entry that is no delta.
  uint64_t size = 0;                   ///< Inflated, of the object or of the delta.
  uint64_t base_offset = 0;            ///< By offset: where the base's entry starts.
  Oid base_id;                         ///< By id.
};

/// Reads a pack (gitformat-pack, version 2) from front to back: next() and one of inflate() as
/// often as count() says, then finish(). Error on anything that is cut or broken.
class PackStream {
 public:
  /// Passed over where whoever looks an object up does so by the id that its bytes have: that
  /// proves more, and one more SHA-1 of everything takes time.
  enum class Checksum { compared, passed_over };

  PackStream(base::ByteSource& pack, Checksum checksum);

  uint32_t count() const { return count_; }
  PackEntry next();
  /// All bytes of an entry; the caller has found its size to be sensible.
  std::string inflate(const PackEntry& entry);
  /// The bytes of an entry in pieces of at most 256 KiB.
  void inflate(const PackEntry& entry, const std::function<void(std::string_view)>& take);
  /// Reads the checksum behind the last entry; nothing may follow.
  void finish();

 private:
  uint8_t byte();
  bool refill();
  uint64_t read_size(uint8_t head, uint64_t size, unsigned shift);
  /// Fills `out`, the next part of the entry; true at the end of its stream.
  bool inflate_some(std::span<char> out, size_t& produced);

  base::ByteSource& pack_;
  Checksum checksum_;
  base::Hasher hasher_{base::HashAlgorithm::sha1};
  codec::ZlibInflater inflater_;
  std::vector<char> buffer_;
  size_t position_ = 0;
  size_t end_ = 0;
  uint64_t dropped_ = 0;
  uint32_t count_ = 0;
  std::vector<char> piece_;
};

}  // namespace git
