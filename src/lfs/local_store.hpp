#pragma once
#include <string>

#include "lfs/store.hpp"

namespace lfs {

/// Objects in a folder OID[0:2]/OID[2:4]/OID, as git-lfs keeps them in a repository.
std::unique_ptr<Store> open_local_store(std::string directory);

}  // namespace lfs
