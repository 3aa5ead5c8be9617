#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "git/remote.hpp"

namespace git {

/// A name that no other push in parts has, and that says when it was made, at `time` (seconds since
/// 1970).
std::string new_upload_name(int64_t time);

/// The refs on which a push in parts may have them, the best first: not every server takes each.
/// find_for_pushing() has to come before.
std::vector<std::string> upload_refs(Remote& remote, std::string_view name);

/// Deletes refs that pushes in parts have left behind, because their program was killed, more than
/// a day before `time`; younger ones may belong to a push that is going on. A failure is a warning.
void remove_stale_uploads(Remote& remote, int64_t time, base::Log& log);

}  // namespace git
