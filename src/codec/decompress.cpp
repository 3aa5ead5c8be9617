#include "codec/decompress.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "codec/inflate.hpp"

namespace codec {
namespace {

using namespace std::string_view_literals;

// RFC 8878 section 3.1.1 (frame) and 3.1.2 (skippable frames 0x184D2A50 to 0x184D2A5F).
bool is_zstd(std::string_view front) {
  return front.starts_with("\x28\xb5\x2f\xfd"sv) ||
         (front.size() >= 4 && (static_cast<unsigned char>(front[0]) & 0xF0U) == 0x50 &&
          front.substr(1, 3) == "\x2a\x4d\x18"sv);
}

/// Nothing shorter than a block's magic will do: a tar archive may begin with a file "BZh9.txt".
bool is_bzip2(std::string_view front) {
  if (front.size() < 4 || !front.starts_with("BZh"sv) || front[3] < '1' || front[3] > '9') {
    return false;
  }
  const std::string_view block = front.substr(4, 6);
  return "\x31\x41\x59\x26\x53\x59"sv.starts_with(block) ||
         "\x17\x72\x45\x38\x50\x90"sv.starts_with(block);
}

}  // namespace

Compression compression_of(std::string_view front) {
  if (front.starts_with("\x1f\x8b"sv)) return Compression::gzip;
  if (is_zstd(front)) return Compression::zstd;
  if (front.starts_with("\xfd\x37zXZ\x00"sv)) return Compression::xz;
  if (is_bzip2(front)) return Compression::bzip2;
  return Compression::none;
}

std::unique_ptr<base::ByteSource> decompress(std::unique_ptr<base::ByteSource> source,
                                             std::string_view what) {
  std::array<char, magic_size> bytes{};
  const std::string front(bytes.data(), base::read_full(*source, bytes));
  auto whole = std::make_unique<base::PrefixedSource>(front, std::move(source));
  const Compression compression = compression_of(front);
  switch (compression) {
    case Compression::none:
      return whole;
    case Compression::gzip:
      return gunzip(std::move(whole), std::string(what));
    case Compression::zstd:
      return unzstd(std::move(whole), std::string(what));
    case Compression::xz:
    case Compression::bzip2:
      break;
  }
  throw base::Error(base::cat(what, ": is compressed with ",
                              compression == Compression::xz ? "xz" : "bzip2",
                              "; only gzip, zstd and plain tar can be read"));
}

}  // namespace codec
