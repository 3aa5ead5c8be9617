#pragma once
#include <functional>
#include <string>

#include "base/log.hpp"

namespace registry {

/// Reads environment variables, "" where one is not set. Tests have their own.
using Environment = std::function<std::string(const char* variable)>;

/// Those of the process.
std::string process_environment(const char* variable);

/// The token in a file, without white space around it, which `log` hides from then on. Follows
/// symbolic links: Kubernetes puts one there. Error when there is none,
/// or one of more than 64 KiB.
std::string read_token(const std::string& path, base::Log& log);

}  // namespace registry
