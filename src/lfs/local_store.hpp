#pragma once
#include <string>

#include "lfs/store.hpp"

namespace lfs {

/// Objects in a repository's folder lfs/objects, as OID[0:2]/OID[2:4]/OID. An upload makes both
/// folders, but no repository.
std::unique_ptr<Store> open_local_store(std::string directory);

}  // namespace lfs
