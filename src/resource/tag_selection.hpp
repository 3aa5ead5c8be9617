#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.hpp"
#include "oci/digest.hpp"
#include "resource/protocol.hpp"
#include "resource/tag_rules.hpp"

namespace resource {

using Tags = std::vector<std::string>;

/// What a registry says about tags. Each function answers for all tags given, in their order.
struct TagQueries {
  /// The digest a tag names; nothing when it does not exist.
  std::function<std::vector<std::optional<oci::Digest>>(const Tags&)> digests;
  /// When the image of a tag was made.
  std::function<std::vector<base::Timestamp>(const Tags&)> creation_times;
};

/// The versions among the tags `listed`, oldest first, one for each digest. The tag of `cursor`
/// leads, while it still names its digest, to no more than what is newer being asked for.
std::vector<Version> select_versions(const Tags& listed, const TagVersions& rules,
                                     const std::optional<Version>& cursor,
                                     const TagQueries& queries);

/// All tags the pattern is found in, in their order or by age; ties go by name.
std::vector<Version> select_matches(const Tags& listed, const TagPattern& rules,
                                    const TagQueries& queries);

}  // namespace resource
