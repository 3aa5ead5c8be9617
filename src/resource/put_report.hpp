#pragma once
#include <string>

#include "base/log.hpp"
#include "git/snapshot.hpp"

namespace resource {

/// Tells what was published, what a clone with stock git will not have of it, and warns of what its
/// users are most likely to trip over. `user` is the one of metadata.json.
void report_published(const git::SnapshotSummary& sum, const std::string& user, base::Log& log);

}  // namespace resource
