#pragma once
#include <functional>

#include "git/advertisement.hpp"
#include "git/remote.hpp"
#include "git/transport.hpp"
#include "git/upload_pack.hpp"

namespace git {

/// Finds out by the cheapest way the server offers what it has of a snapshot: the trees of `tip`
/// without blobs (partial clone filter), else asking for each id ("have" lines: a server
/// acknowledges any object it has), else the whole of `tip` read and dropped.
Known find_known_objects(Transport& transport, const Advertisement& upload, const Oid& tip,
                         const std::function<const Snapshot&()>& hashed, base::Log& log);

/// The tree of the commit that `request` wants; nothing when the pack has no such commit. What
/// comes behind it in the pack is not read.
std::optional<Oid> fetch_tree_of(Transport& transport, const Advertisement& upload,
                                 PackRequest request, base::Log& log);

}  // namespace git
