#pragma once
#include <string>
#include <vector>

#include "base/log.hpp"
#include "git/upload_pack.hpp"

namespace git {

struct BranchHistory {
  std::vector<Oid> commits;  ///< What Remote::find_history answers.
  size_t depth = 1;          ///< Commits from the tip down that include `since`, if it is there.
};

/// The history when the branch is at `tip`, which is not `since`. Commits only, where the server
/// can filter; otherwise no more is read than it takes to find the way.
BranchHistory fetch_history(Transport& transport, const Advertisement& upload, const Oid& since,
                            const Oid& tip, base::Log& log);

/// Whether the server may be asked for `commit` though its branch has moved on.
bool may_want(const Advertisement& upload, const Oid& commit);

/// The message for a commit that cannot be had from branch `ref`.
std::string not_on_branch(const Oid& commit, std::string_view ref);

}  // namespace git
