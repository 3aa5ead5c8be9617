#pragma once
#include <cstdint>
#include <vector>

#include "git/snapshot.hpp"

namespace git {

/// Bytes of a part's pack beside its objects: header, checksum, and the commit and the tree that
/// hold it together.
inline constexpr uint64_t pack_overhead = 2048;

/// Bytes that `object` adds to the pack of a part at the most.
uint64_t size_in_part(const PackObject& object);

/// The trees and blobs of `objects` (a commit's, each once), in parts whose packs are at most
/// `limit` bytes. A tree comes behind everything it names; an object over the limit is a part of
/// its own. Error when a tree is none.
std::vector<std::vector<PackObject>> split_objects(const std::vector<PackObject>& objects,
                                                   uint64_t limit);

}  // namespace git
