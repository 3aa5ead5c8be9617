#include "git/thin_commit.hpp"

#include <algorithm>

#include "codec/deflate.hpp"
#include "git/pack_entry.hpp"

namespace git {
namespace {

constexpr auto reference_delta = static_cast<ObjectType>(7);
constexpr size_t most_inserted = 127;  ///< By one instruction.

void append_number(uint64_t number, std::string& out) {
  for (; number > 0x7FU; number >>= 7U) out += static_cast<char>(number | 0x80U);
  out += static_cast<char>(number);
}

std::string delta_of(std::string_view text, uint64_t base_size) {
  std::string delta;
  append_number(base_size, delta);
  append_number(text.size(), delta);
  while (!text.empty()) {
    const size_t count = std::min(text.size(), most_inserted);
    delta += static_cast<char>(count);
    delta += text.substr(0, count);
    text.remove_prefix(count);
  }
  return delta;
}

void copy(std::string_view from, uint64_t offset, std::span<char> buffer) {
  from.copy(buffer.data(), buffer.size(), static_cast<size_t>(offset));
}

}  // namespace

ThinCommit::ThinCommit(const Oid& id, std::string_view text, const Oid& base, uint64_t base_size)
    : id_(id), text_(text) {
  const std::string delta = delta_of(text, base_size);
  append_pack_entry_header(reference_delta, delta.size(), entry_);
  entry_.insert(entry_.size() - codec::zlib_header.size(), base.raw());
  codec::Deflater().append_unit(delta, codec::LastUnit::yes, entry_);
  entry_ += codec::zlib_trailer(codec::adler32(delta));
}

void ThinCommit::read_packed(uint64_t offset, std::span<char> buffer) const {
  copy(entry_, offset, buffer);
}

void ThinCommit::read_at(uint64_t offset, std::span<char> buffer) const {
  copy(text_, offset, buffer);
}

}  // namespace git
