#pragma once
#include <memory>
#include <string>

#include "git/transport.hpp"

namespace git {

/// A repository on this machine through git's own programs, so that hooks run as for any push; null
/// where git is not installed.
std::unique_ptr<Transport> open_local_transport(const std::string& path);

}  // namespace git
