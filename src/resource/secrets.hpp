#pragma once
#include "base/json.hpp"
#include "base/log.hpp"

namespace resource {

/// Registers every secret in `source` with the log, whatever else may be wrong with it.
void hide_secrets(const base::JsonView& source, base::Log& log);

}  // namespace resource
