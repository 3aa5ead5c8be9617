#pragma once
#include "base/log.hpp"
#include "registry/client.hpp"

namespace registry {

/// Follows a tag or digest through indexes to the image for `platform`; see Client::fetch_image.
Image fetch_image(Client& client, const std::string& tag_or_digest, const oci::Platform& platform,
                  base::Log& log);

/// See Client::fetch_created.
std::string fetch_created(Client& client, const std::string& tag, const oci::Platform& platform);

}  // namespace registry
