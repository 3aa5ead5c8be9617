#include "codec/deflate.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace codec {
namespace {

constexpr uint32_t adler_modulus = 65521;
constexpr size_t largest_stored_block = 65535;

void append_stored(std::string_view bytes, LastUnit last, std::string& out) {
  do {
    const std::string_view block = bytes.substr(0, largest_stored_block);
    bytes.remove_prefix(block.size());
    const bool final_block = last == LastUnit::yes && bytes.empty();
    const auto size = static_cast<unsigned>(block.size());
    for (const unsigned byte :
         {final_block ? 1U : 0U, size & 255U, size >> 8U, ~size & 255U, ~size >> 8U & 255U}) {
      out += static_cast<char>(byte);
    }
    out += block;
  } while (!bytes.empty());
}

size_t stored_size(size_t bytes) {
  return bytes + 5 * std::max<size_t>(1, (bytes + largest_stored_block - 1) / largest_stored_block);
}

}  // namespace

struct Deflater::Impl {
  isal_zstream stream{};
  std::vector<uint8_t> work = std::vector<uint8_t>(ISAL_DEF_LVL1_DEFAULT);
};

Deflater::Deflater() : impl_(std::make_unique<Impl>()) {}
Deflater::~Deflater() = default;

void Deflater::append_unit(std::string_view bytes, LastUnit last, std::string& out) {
  if (bytes.empty()) {
    append_stored(bytes, last, out);
    return;
  }
  const size_t start = out.size();
  const size_t most = stored_size(bytes.size()) + 16;
  out.resize(start + most);
  isal_zstream& stream = impl_->stream;
  isal_deflate_stateless_init(&stream);
  stream.level = 1;
  stream.level_buf = impl_->work.data();
  stream.level_buf_size = static_cast<uint32_t>(impl_->work.size());
  stream.gzip_flag = IGZIP_DEFLATE;
  stream.end_of_stream = last == LastUnit::yes ? 1 : 0;
  stream.flush = last == LastUnit::yes ? NO_FLUSH : FULL_FLUSH;
  // The library reads only, but its interface has no const.
  stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uint32_t>(bytes.size());
  stream.next_out = reinterpret_cast<uint8_t*>(out.data() + start);
  stream.avail_out = static_cast<uint32_t>(most);
  const int result = isal_deflate_stateless(&stream);
  const size_t size = most - stream.avail_out;
  if (result == COMP_OK && stream.avail_in == 0 && size < stored_size(bytes.size())) {
    out.resize(start + size);
  } else if (result == COMP_OK || result == STATELESS_OVERFLOW) {
    out.resize(start);
    append_stored(bytes, last, out);
  } else {
    throw base::Error(base::cat("compress: ISA-L failed with code ", result));
  }
}

uint32_t adler32(std::string_view bytes, uint32_t start) {
  return isal_adler32(start, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

// Both sums of Adler-32 are linear in what follows: the second part adds its own sums, counted from
// 1 instead of from the first part's, and the first part's low sum once per byte.
uint32_t adler32_combine(uint32_t first, uint32_t second, uint64_t second_size) {
  const uint64_t low_first = first & 0xFFFFU;
  const uint64_t low = (low_first + (second & 0xFFFFU) + adler_modulus - 1) % adler_modulus;
  const uint64_t per_byte = (second_size % adler_modulus) * (low_first + adler_modulus - 1);
  const uint64_t high = ((first >> 16U) + (second >> 16U) + per_byte) % adler_modulus;
  return static_cast<uint32_t>(high << 16U | low);
}

std::string zlib_trailer(uint32_t adler) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(adler >> shift & 255U);
  return bytes;
}

}  // namespace codec
