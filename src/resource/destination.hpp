#pragma once
#include <string>

namespace resource {

/// Removes from the destination of a get whatever an earlier or failed attempt left there, so that
/// it cannot be mixed with what comes now or be taken for an image.
void clear_destination(const std::string& directory);

}  // namespace resource
