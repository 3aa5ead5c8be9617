#pragma once
#include <string>

#include "base/log.hpp"

namespace resource {

/// Removes from the destination of a get whatever an earlier or failed attempt left there, so that
/// it cannot be mixed with what comes now or be taken for an image.
void clear_destination(const std::string& directory);

/// The same once a get has failed: what cannot be removed is a warning, as the failure itself says
/// more.
void clear_after_failure(const std::string& directory, base::Log& log);

}  // namespace resource
