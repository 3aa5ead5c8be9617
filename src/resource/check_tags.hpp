#pragma once
#include <optional>
#include <vector>

#include "base/log.hpp"
#include "oci/image.hpp"
#include "registry/client.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// The versions of an image whose source names no single tag, oldest first. `client` is of the
/// registry to ask; `platform` tells which image of an index gives a tag's age.
std::vector<Version> check_tags(registry::Client& client, const ImageSource& image,
                                const oci::Platform& platform, const std::optional<Version>& given,
                                base::Log& log);

}  // namespace resource
