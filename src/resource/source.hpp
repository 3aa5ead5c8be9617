#pragma once
#include "base/json.hpp"
#include "base/log.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// Registers every secret in `source` with the log, whatever else may be wrong with it.
void hide_secrets(const base::JsonView& source, base::Log& log);

/// Reads `source` and turns on debug lines when it asks for them.
Source parse_source(const base::JsonView& source, base::Log& log);

/// Reads a platform object.
oci::Platform parse_platform(const base::JsonView& platform);

}  // namespace resource
