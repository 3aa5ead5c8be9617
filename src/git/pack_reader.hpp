#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/stream.hpp"
#include "git/object.hpp"
#include "git/object_sink.hpp"

namespace git {

/// Reads a pack as it arrives and calls `visit` for each commit and tree in it; blobs and tags are
/// passed over. `visit` returns false to stop early. Error on a broken pack and on objects or sums
/// beyond any sensible size. Memory is bounded; what does not fit goes to a temporary file.
void read_commits_and_trees(
    base::ByteSource& pack,
    const std::function<bool(ObjectType type, const Oid& id, std::string_view content)>& visit);

/// Reads a pack as it arrives and hands every commit, tree and blob to `sink`, deltas resolved.
/// Bounds and Errors as above; besides, an Error when a delta's base is not in the pack. The pack's
/// checksum is not compared: an object is what its id says, whoever changed the pack on its way.
void read_objects(base::ByteSource& pack, ObjectSink& sink);

}  // namespace git
