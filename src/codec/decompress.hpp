#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/stream.hpp"

namespace codec {

enum class Compression { none, gzip, zstd, xz, bzip2 };

/// So many bytes tell how a stream is compressed; of a shorter one all there are.
inline constexpr size_t magic_size = 10;
/// Told by the first bytes, because names and media types lie.
Compression compression_of(std::string_view front);

/// The plain bytes of a gzip, zstd or uncompressed stream. All gzip members and zstd frames are
/// read. What follows the last member, such as padding, is read and dropped; what follows a frame
/// and is none is an Error. xz and bzip2 are refused by name. `what` names the stream in errors.
std::unique_ptr<base::ByteSource> decompress(std::unique_ptr<base::ByteSource> source,
                                             std::string_view what);

/// Reads one zlib stream (RFC 1950) at a time out of memory: how git stores objects in a pack.
class ZlibInflater {
 public:
  ZlibInflater();
  ~ZlibInflater();
  ZlibInflater(const ZlibInflater&) = delete;
  ZlibInflater& operator=(const ZlibInflater&) = delete;

  struct Step {
    /// Bytes taken from the input. Down to -8 where bytes that an earlier call read ahead turn out
    /// to belong to what follows the stream.
    std::ptrdiff_t consumed = 0;
    size_t produced = 0;    ///< Bytes written to the output.
    bool finished = false;  ///< The stream is complete, its checksum compared.
  };
  /// Makes the object ready for the next stream.
  void reset();
  /// Works until the input is used up, the output is full or the stream ends. Error on bad data.
  Step inflate(std::string_view input, std::span<char> output);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace codec
