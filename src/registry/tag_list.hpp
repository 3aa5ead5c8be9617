#pragma once
#include <optional>
#include <string>
#include <vector>

#include "registry/requests.hpp"

namespace registry {

/// The tags of a repository (distribution-spec, Listing Tags), page by page, without repetitions
/// and names that are no tags. Empty when the registry knows no such repository. StatusError when
/// it refuses; Error when its pages lead elsewhere or in circles.
std::vector<std::string> list_tags(Requests& requests, const std::string& repository);

/// The target of the first link with rel="next" among Link header fields (RFC 8288), as written.
std::optional<std::string> next_link(const std::vector<std::string>& fields);

}  // namespace registry
