#pragma once
#include <cstdint>
#include <string>

#include "git/object.hpp"

namespace git {

/// Appends what stands before an object's compressed bytes in a pack: type and size, and the zlib
/// header (gitformat-pack, pack entry).
void append_pack_entry_header(ObjectType type, uint64_t size, std::string& out);

}  // namespace git
