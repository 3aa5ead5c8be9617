#pragma once
#include <string_view>
#include <vector>

#include "git/object.hpp"

namespace git {

/// The commits between a given one and the tip of a branch, in any order, and what they say about
/// the way from the one to the other. Small: 40 bytes a commit.
class History {
 public:
  History(const Oid& since, const Oid& tip) : since_(since), tip_(tip) {}

  /// Adds a commit that `since` does not reach; a root has no parents.
  void add(const Oid& id, const std::vector<Oid>& parents);

  /// Whether first parents lead from the tip to `since`, as far as is known by now.
  bool connected();
  /// What Remote::find_history answers.
  std::vector<Oid> answer();
  /// Commits from the tip down, along whatever parents, that include `since` if it is an ancestor.
  size_t depth() const { return links_.size() + 1; }

 private:
  struct Link {
    Oid id;
    Oid first_parent;  ///< Null at a root.
  };
  struct Way {
    std::vector<Oid> commits;  ///< From the tip on along first parents, newest first.
    Oid end;                   ///< The first that was not added; null behind a root.
  };
  Way walk();

  Oid since_;
  Oid tip_;
  std::vector<Link> links_;
  bool is_ancestor_ = false;
};

/// The parents a commit object names; Error when `content` is not a commit.
std::vector<Oid> parents_of_commit(std::string_view content);

}  // namespace git
