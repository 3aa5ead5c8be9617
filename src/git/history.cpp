#include "git/history.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace git {

void History::add(const Oid& id, const std::vector<Oid>& parents) {
  links_.push_back({id, parents.empty() ? Oid{} : parents.front()});
  // Whatever way leads from the tip to `since`, the last commit before it is one of these.
  is_ancestor_ |= std::find(parents.begin(), parents.end(), since_) != parents.end();
}

History::Way History::walk() {
  std::sort(links_.begin(), links_.end(), [](const Link& a, const Link& b) { return a.id < b.id; });
  Way way{{}, tip_};
  // A history has no circles; a server that sends one is stopped by the number of its commits.
  while (way.commits.size() < links_.size()) {
    const auto found = std::lower_bound(links_.begin(), links_.end(), way.end,
                                        [](const Link& a, const Oid& id) { return a.id < id; });
    if (found == links_.end() || found->id != way.end) break;
    way.commits.push_back(way.end);
    way.end = found->first_parent;
  }
  return way;
}

bool History::connected() {
  return is_ancestor_ && walk().end == since_;
}

std::vector<Oid> History::answer() {
  if (!is_ancestor_) return {tip_};
  // Where the way left what was added, it has met what `since` reaches.
  std::vector<Oid> commits = walk().commits;
  commits.push_back(since_);
  std::reverse(commits.begin(), commits.end());
  return commits;
}

std::vector<Oid> parents_of_commit(std::string_view content) {
  constexpr std::string_view word = "parent ";
  tree_of_commit(content);
  content.remove_prefix(std::min(content.size(), content.find('\n') + 1));
  std::vector<Oid> parents;
  while (content.starts_with(word)) {
    const auto id = Oid::parse(content.substr(word.size(), 40));
    if (!id) throw base::Error("the server sent a broken commit object");
    parents.push_back(*id);
    content.remove_prefix(std::min(content.size(), word.size() + 41));
  }
  return parents;
}

}  // namespace git
