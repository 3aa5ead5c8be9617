#pragma once
#include <string_view>

#include "base/handle.hpp"
#include "base/rooted_dir.hpp"

namespace base::detail {

/// Resolves `path` below `root` one component at a time, following links inside the root, and opens
/// the directory it leads to. -1 with errno (ENOENT, ENOTDIR, ELOOP, ...) when it leads nowhere;
/// with `make`, missing directories are asked for first. Needs nothing newer than openat.
UniqueFd walk_to_directory(int root, std::string_view path,
                           const RootedDir::MakeDirectory* make = nullptr);

}  // namespace base::detail
