#include "git/pack_entry.hpp"

#include "codec/deflate.hpp"

namespace git {

void append_pack_entry_header(ObjectType type, uint64_t size, std::string& out) {
  auto byte = static_cast<unsigned>(static_cast<unsigned>(type) << 4U | (size & 15U));
  for (size >>= 4U; size > 0; size >>= 7U) {
    out += static_cast<char>(byte | 0x80U);
    byte = static_cast<unsigned>(size & 0x7FU);
  }
  out += static_cast<char>(byte);
  out += codec::zlib_header;
}

}  // namespace git
