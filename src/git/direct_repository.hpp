#pragma once
#include <memory>
#include <string>

#include "git/remote.hpp"

namespace git {

/// A bare repository on this machine, read and written with libgit2, for machines without git.
/// Hooks do not run.
std::unique_ptr<Remote> open_direct_repository(const std::string& path, base::Log& log);

}  // namespace git
