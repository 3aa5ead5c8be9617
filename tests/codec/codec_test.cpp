#include <string>
#include <vector>

#include "base/error.hpp"
#include "codec/decompress.hpp"
#include "codec/deflate.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/noise.hpp"
#include "support/trickle.hpp"

using namespace std::string_literals;

namespace {

std::string zlib_stream(std::string_view bytes, size_t unit) {
  codec::Deflater deflater;
  std::string out(codec::zlib_header);
  uint32_t adler = 1;
  size_t at = 0;
  do {
    const std::string_view part = bytes.substr(at, unit);
    at += part.size();
    deflater.append_unit(part, at == bytes.size() ? codec::LastUnit::yes : codec::LastUnit::no,
                         out);
    adler = codec::adler32_combine(adler, codec::adler32(part), part.size());
  } while (at < bytes.size());
  return out + codec::zlib_trailer(adler);
}

/// Feeds the inflater `step` bytes at a time and returns what it gives.
std::string inflate(std::string_view stream, size_t step, size_t* consumed = nullptr) {
  codec::ZlibInflater inflater;
  std::string out;
  std::vector<char> buffer(1000);
  size_t at = 0;
  for (;;) {
    const auto result = inflater.inflate(stream.substr(at, step), buffer);
    at = static_cast<size_t>(static_cast<std::ptrdiff_t>(at) + result.consumed);
    out.append(buffer.data(), result.produced);
    if (result.finished) break;
    if (result.consumed == 0 && result.produced == 0 && at >= stream.size()) {
      throw base::Error("no end");
    }
  }
  if (consumed != nullptr) *consumed = at;
  return out;
}

uint32_t crc32(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1U ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::string little_endian(uint32_t value, size_t bytes) {
  std::string out;
  for (; out.size() < bytes; value >>= 8U) out += static_cast<char>(value & 255U);
  return out;
}

// The flags of a gzip header (RFC 1952 section 2.3.1).
constexpr unsigned has_checksum = 2;
constexpr unsigned has_extra = 4;
constexpr unsigned has_name = 8;
constexpr unsigned has_comment = 16;

std::string gzip_header(unsigned flags, size_t name_size = 9) {
  std::string header = "\x1f\x8b\x08"s + static_cast<char>(flags) + "\0\0\0\0\0\xff"s;
  if ((flags & has_extra) != 0) header += little_endian(7, 2) + "ab\x03\0xyz"s;
  if ((flags & has_name) != 0) header += std::string(name_size, 'n') + '\0';
  if ((flags & has_comment) != 0) header += "a comment\0"s;
  if ((flags & has_checksum) != 0) header += little_endian(crc32(header), 2);
  return header;
}

// gzip members without libraries: one stored block each, so that any CRC mistake shows.
std::string gzip_member(std::string_view bytes, const std::string& header = gzip_header(0)) {
  const auto size = static_cast<uint32_t>(bytes.size());
  return header + '\x01' + little_endian(size, 2) + little_endian(~size, 2) + std::string(bytes) +
         little_endian(crc32(bytes), 4) + little_endian(size, 4);
}

// printf hello | zstd -c | xxd
const std::string hello_frame = "\x28\xb5\x2f\xfd\x04\x58\x29\x00\x00hello\xa3\x6d\x9f\x88"s;

std::string decompressed(std::string bytes, size_t step = 1 << 20) {
  const auto source =
      codec::decompress(std::make_unique<Trickle>(std::move(bytes), step), "layer 1");
  return base::read_all(*source, 1 << 30, "layer");
}

}  // namespace

TEST_CASE("objects cut into units come back whole") {
  const size_t size = GENERATE(0U, 1U, 100U, 65535U, 65536U, 300000U, 1048576U);
  const unsigned kinds = GENERATE(1U, 7U, 256U);
  const std::string bytes = noise(size, kinds);
  for (const size_t unit : {size_t{1} << 20U, size_t{65536}, size_t{1000}}) {
    const std::string stream = zlib_stream(bytes, unit);
    size_t consumed = 0;
    for (const size_t step : {size_t{4096}, size_t{333}}) {
      CHECK(inflate(stream + "next object", step, &consumed) == bytes);
      CHECK(consumed == stream.size());
    }
  }
}

TEST_CASE("data that does not shrink grows by its block headers only") {
  const std::string bytes = noise(1 << 20, 256);
  CHECK(zlib_stream(bytes, 1 << 20).size() <= bytes.size() + 5 * 17 + 6);
}

TEST_CASE("a stream fed byte by byte is the same stream") {
  const std::string bytes = noise(5000, 9);
  CHECK(inflate(zlib_stream(bytes, 1000), 1) == bytes);
}

TEST_CASE("a damaged zlib stream is an error, not wrong data") {
  std::string stream = zlib_stream(noise(5000, 9), 1 << 20);
  SECTION("checksum") {
    stream.back() = static_cast<char>(stream.back() + 1);
  }
  SECTION("header") {
    stream[0] = 'y';
  }
  REQUIRE_THROWS_AS(inflate(stream, 4096), base::Error);
}

TEST_CASE("all members of a gzip stream are read, wherever the pieces break") {
  const std::string a = noise(3000, 5);
  const std::string b = noise(40000, 200);
  const size_t step = GENERATE(1U, 2U, 17U, 3022U, 3023U, 100000U);
  CHECK(decompressed(gzip_member(a) + gzip_member("") + gzip_member(b), step) == a + b);
  CHECK(decompressed(gzip_member(a) + std::string(512, '\0'), step) == a);
  CHECK(decompressed(gzip_member(a) + "j", step) == a);
}

TEST_CASE("a gzip header may have any of its fields, wherever the pieces break") {
  const unsigned flags = GENERATE(range(0U, 32U));
  const std::string header = gzip_header(flags);
  const std::string stream = gzip_member("one", header) + gzip_member("two", header);
  for (size_t step = 1; step <= stream.size(); ++step) {
    try {
      CHECK(decompressed(stream, step) == "onetwo");
    } catch (const base::Error& error) {
      FAIL(error.what() << ", flags " << flags << ", pieces of " << step);
    }
  }
}

TEST_CASE("a name in a gzip header may be longer than any buffer") {
  const std::string header = gzip_header(has_name | has_checksum, 1'000'000);
  CHECK(decompressed(gzip_member("one", header) + gzip_member("two", header), 1000) == "onetwo");
}

TEST_CASE("a gzip header that is damaged or of a later format is refused") {
  const unsigned all = has_checksum | has_extra | has_name | has_comment;
  std::string bad = gzip_header(all);
  SECTION("checksum") {
    bad.back() = static_cast<char>(bad.back() + 1);
  }
  SECTION("a byte the checksum is of") {
    bad[bad.size() - 5] = 'C';
  }
  SECTION("method") {
    bad[2] = 7;
  }
  SECTION("reserved flags") {
    bad = gzip_header(GENERATE(32U, 64U, 128U));
  }
  SECTION("reserved flags besides others") {
    bad = gzip_header(all | 32U);
  }
  for (const size_t step : {size_t{1}, size_t{1000}}) {
    REQUIRE_THROWS_AS(decompressed(gzip_member("one", bad), step), base::Error);
    REQUIRE_THROWS_AS(decompressed(gzip_member("one") + gzip_member("two", bad), step),
                      base::Error);
  }
}

TEST_CASE("damaged gzip data is an error that names the layer") {
  const std::string good = gzip_member(noise(3000, 5));
  std::string bad;
  SECTION("truncated data") {
    bad = good.substr(0, 100);
  }
  SECTION("truncated trailer") {
    bad = good.substr(0, good.size() - 1);
  }
  SECTION("truncated header") {
    bad = good.substr(0, 5);
  }
  SECTION("second member truncated") {
    bad = good + good.substr(0, 50);
  }
  SECTION("wrong checksum") {
    bad = good;
    bad[good.size() - 6] = static_cast<char>(bad[good.size() - 6] + 1);
  }
  SECTION("wrong length") {
    bad = good;
    bad[good.size() - 1] = 1;
  }
  CHECK(message_of([&] { decompressed(bad); }).starts_with("layer 1: "));
}

TEST_CASE("zstd frames and skippable frames are read whatever the media type says") {
  const std::string skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00xyz"s;
  try {
    CHECK(decompressed(hello_frame) == "hello");
    CHECK(decompressed(skippable + hello_frame + hello_frame + skippable, 3) == "hellohello");
  } catch (const base::Error& error) {
    FAIL(error.what());
  }
  REQUIRE_THROWS_AS(decompressed(hello_frame.substr(0, hello_frame.size() - 1)), base::Error);
}

TEST_CASE("what follows the last zstd frame is not dropped without a word") {
  // To the library, a frame of a format before RFC 8878, when it sees its front at once.
  const std::string older = "\x25\xb5\x2f\xfd\x04\xdd\x20\x23"s;
  for (const std::string& rest :
       {"j"s, "\x28\xb5"s, "junk and more"s, std::string(512, '\0'), older}) {
    REQUIRE_THROWS_AS(decompressed(hello_frame + rest), base::Error);
    REQUIRE_THROWS_AS(decompressed(hello_frame + rest, 1), base::Error);
  }
}

TEST_CASE("nothing compressed is taken for plain, whatever kind of frame it begins with") {
  using codec::Compression;
  CHECK(codec::compression_of("\x1f\x8b") == Compression::gzip);
  CHECK(codec::compression_of("\x28\xb5\x2f\xfd") == Compression::zstd);
  for (unsigned kind = 0x50; kind <= 0x5F; ++kind) {
    const std::string skippable = static_cast<char>(kind) + "\x2a\x4d\x18"s;
    CHECK(codec::compression_of(skippable) == Compression::zstd);
  }
  CHECK(codec::compression_of("\xfd\x37zXZ\x00"s) == Compression::xz);
  CHECK(codec::compression_of("BZh9") == Compression::bzip2);
  for (const auto* plain : {"", "\x1f", "P*M", "BZ", "\xfd\x37zip", "@*M\x18", "`*M\x18"}) {
    CHECK(codec::compression_of(plain) == Compression::none);
  }
}

TEST_CASE("a plain archive is not refused for the name of its first file") {
  using codec::Compression;
  for (const std::string& name : {"BZh"s, "BZh9"s, "BZh9.tar.bz2"s, "BZh0"s, "BZhAY&SY"s}) {
    const std::string archive = name + std::string(512 - name.size(), '\0');
    CHECK(codec::compression_of(archive.substr(0, codec::magic_size)) == Compression::none);
    CHECK(decompressed(archive) == archive);
  }
  CHECK(codec::compression_of("BZh11AY&SY") == Compression::bzip2);
  CHECK(codec::compression_of("BZh9\x17rE8P\x90") == Compression::bzip2);
}

TEST_CASE("good zstd data is not called corrupt because it needs too much memory") {
  // A frame of no content whose window has 2^28 bytes (RFC 8878 section 3.1.1.1.2).
  const std::string said =
      message_of([] { decompressed("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00"s); });
  CHECK(contains(said, "--long=27 or less"));
  CHECK_FALSE(contains(said, "corrupt"));
}

TEST_CASE("a format no layer may have is refused by name") {
  REQUIRE_THROWS_AS(decompressed("\xfd\x37zXZ\x00rest"s), base::Error);
  REQUIRE_THROWS_AS(decompressed("BZh91AY"s), base::Error);
}

TEST_CASE("uncompressed bytes pass through") {
  CHECK(decompressed("").empty());
  CHECK(decompressed("a") == "a");
  const std::string bytes = noise(100000, 3);
  CHECK(decompressed(bytes, 7) == bytes);
}
