#pragma once
#include "base/json.hpp"
#include "base/log.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// Reads `source` and turns on debug lines when it asks for them.
Source parse_source(const base::JsonView& source, base::Log& log);

/// Reads a platform object.
oci::Platform parse_platform(const base::JsonView& platform);

}  // namespace resource
