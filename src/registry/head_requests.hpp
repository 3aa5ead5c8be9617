#pragma once
#include <optional>
#include <string>
#include <vector>

#include "oci/digest.hpp"
#include "registry/requests.hpp"

namespace registry {

/// The digest in an answer to HEAD of a manifest; nothing when only GET can tell it.
std::optional<oci::Digest> digest_of_head(const http::Response& response);

/// Sends HEAD for the manifests at `paths`, several at a time, from number `start` on and fills in
/// their `digests`. Gives up at the first that is not answered plainly and returns its number, else
/// the count. HEAD must have been answered before.
size_t resolve_ahead(Requests& requests, const std::vector<std::string>& paths, size_t start,
                     const std::string& accept, std::vector<std::optional<oci::Digest>>& digests);

}  // namespace registry
