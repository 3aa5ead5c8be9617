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

}  // namespace

std::unique_ptr<base::ByteSource> decompress(std::unique_ptr<base::ByteSource> source,
                                             std::string_view what) {
  std::array<char, 6> bytes{};
  const size_t count = base::read_full(*source, bytes);
  const std::string front(bytes.data(), count);
  auto whole = std::make_unique<base::PrefixedSource>(front, std::move(source));
  if (front.starts_with("\x1f\x8b"sv)) return gunzip(std::move(whole), std::string(what));
  if (is_zstd(front)) return unzstd(std::move(whole), std::string(what));
  for (const auto& [magic, name] :
       {std::pair{"\xfd\x37zXZ\x00"sv, "xz"}, std::pair{"BZh"sv, "bzip2"}}) {
    if (front.starts_with(magic)) {
      throw base::Error(base::cat(what, ": is compressed with ", name,
                                  "; image layers may be gzip, zstd or plain tar"));
    }
  }
  return whole;
}

}  // namespace codec
