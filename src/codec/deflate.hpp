#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace codec {

enum class LastUnit { no, yes };

/// Compresses independent units of one zlib stream fast (ISA-L level 1). Units of a stream may be
/// compressed by different objects on different threads and are joined by plain concatenation:
/// zlib_header, units in order, zlib_trailer over the whole.
class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Appends one raw deflate unit (RFC 1951) to `out`; stored as it is when it does not shrink.
  void append_unit(std::string_view bytes, LastUnit last, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view zlib_header{"\x78\x01", 2};

/// Adler-32 (RFC 1950) of `bytes`, going on from `start`.
uint32_t adler32(std::string_view bytes, uint32_t start = 1);
/// The Adler-32 of two parts joined, the second of which is `second_size` bytes long.
uint32_t adler32_combine(uint32_t first, uint32_t second, uint64_t second_size);
/// The four bytes at the end of a zlib stream.
std::string zlib_trailer(uint32_t adler);

}  // namespace codec
