#pragma once
#include <string>

#include "base/log.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// A get of an image in a git repository: leaves the files of the commit's image in `directory` as
/// a get of the same image from its registry would.
StepResult get_commit(const GetRequest& request, const std::string& directory, base::Log& log);

}  // namespace resource
