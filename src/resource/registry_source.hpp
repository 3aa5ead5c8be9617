#pragma once
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// The keys of `source` that say how to reach a registry and how to log in.
const std::vector<std::string_view>& registry_keys();

/// Reads them into `image`, whose repository and reference are known.
void parse_registry_access(const base::JsonView& source, ImageSource& image);

}  // namespace resource
