#include "resource/tree_walk.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/path_rules.hpp"
#include "git/placement.hpp"

namespace resource {

using base::cat;

std::vector<git::TreeEntry> checked_entries(const git::ObjectStore& store, const git::Oid& tree) {
  std::vector<git::TreeEntry> entries = store.tree_entries(tree);
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  const std::string* last = nullptr;
  for (const git::TreeEntry& entry : entries) {
    const bool bad = entry.name.empty() || entry.name == "." || entry.name == ".." ||
                     entry.name.find('/') != std::string::npos ||
                     (last != nullptr && *last == entry.name);
    if (bad) {
      throw base::Error(cat("tree ", tree.hex(), " has an entry \"", base::excerpt(entry.name),
                            "\", which no tree may have"));
    }
    last = &entry.name;
  }
  return entries;
}

std::string link_text(const git::ObjectStore& store, const git::Oid& blob,
                      const std::string& path) {
  return base::with_context(cat("\"", base::excerpt(path), "\": a symbolic link cannot be so long"),
                            [&] { return store.read_blob(blob, git::longest_link); });
}

TreeWalk::TreeWalk(const git::ObjectStore& store, const git::Oid& top) : store_(store) {
  enter(top);
}

bool TreeWalk::next() {
  while (!levels_.empty() && levels_.back().entries.empty()) levels_.pop_back();
  if (levels_.empty()) return false;
  entry_ = std::move(levels_.back().entries.back());
  levels_.back().entries.pop_back();
  path_.resize(levels_.back().path_length);
  if (!path_.empty()) path_ += '/';
  path_ += entry_.name;
  if (entry_.mode == git::mode_directory) enter(entry_.id);
  return true;
}

void TreeWalk::enter(const git::Oid& tree) {
  std::vector<git::TreeEntry> entries = checked_entries(store_, tree);
  if (entries.size() == 1 && git::is_placeholder(entries[0])) entries.clear();
  std::reverse(entries.begin(), entries.end());
  levels_.push_back({path_.size(), std::move(entries)});
}

}  // namespace resource
