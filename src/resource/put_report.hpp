#pragma once
#include <string>
#include <vector>

#include "base/log.hpp"
#include "git/snapshot.hpp"

namespace resource {

/// Tells what was published, what a clone with stock git will not have of it, and warns of what its
/// users are most likely to trip over. `user` is the one of metadata.json.
void report_published(const git::SnapshotSummary& sum, const std::string& user, base::Log& log);

/// Warns of what lay at the top of the branch, `names`, and was no part of an image.
void warn_of_replaced(const std::vector<std::string>& names, const std::string& branch,
                      base::Log& log);

}  // namespace resource
