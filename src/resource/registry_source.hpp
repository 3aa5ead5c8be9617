#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/log.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// The keys of `source` that say how to reach a registry and how to log in.
const std::vector<std::string_view>& registry_keys();

/// Reads them into `image`, whose repository and reference are known. The log says which are not
/// used.
void parse_registry_access(const base::JsonView& source, ImageSource& image, base::Log& log);

/// A list of PEM texts, or one; an empty text is none.
std::vector<std::string> read_certificates(const base::JsonView& view);

/// Whether a value is empty, or an object of empty values: what is left of one when its variables
/// say nothing.
bool says_nothing(const base::JsonView& view);

}  // namespace resource
