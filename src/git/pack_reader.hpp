#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/stream.hpp"
#include "git/object.hpp"

namespace git {

/// Reads a pack as it arrives and calls `visit` for each commit and tree in it; blobs and tags are
/// passed over. `visit` returns false to stop early. Error on a broken pack, on a delta whose base
/// is not in the pack, and on trees beyond any sensible size.
void read_commits_and_trees(
    base::ByteSource& pack,
    const std::function<bool(ObjectType type, const Oid& id, std::string_view content)>& visit);

}  // namespace git
