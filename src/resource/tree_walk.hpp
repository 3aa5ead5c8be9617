#pragma once
#include <string>
#include <vector>

#include "git/object_store.hpp"

namespace resource {

/// The entries of a tree object, by name. Error for names that no tree can have.
std::vector<git::TreeEntry> checked_entries(const git::ObjectStore& store, const git::Oid& tree);

/// Where the symbolic link `path` of a tree points to; Error when that is longer than a link can
/// be.
std::string link_text(const git::ObjectStore& store, const git::Oid& blob, const std::string& path);

/// Goes through a tree of a commit and all trees below it, by name and each directory before what
/// is in it. Waits for trees only, never for a blob; an empty .keep that is all of its
/// directory is passed over. Trees may name each other in ways that make more entries than
/// anybody can count: whoever walks sees to the limits.
class TreeWalk {
 public:
  TreeWalk(const git::ObjectStore& store, const git::Oid& top);

  /// Goes to the next entry; false at the end.
  bool next();
  const git::TreeEntry& entry() const { return entry_; }
  /// Of the entry, below the top.
  const std::string& path() const { return path_; }

 private:
  struct Level {
    size_t path_length;
    std::vector<git::TreeEntry> entries;  ///< Not given yet, last one first.
  };
  void enter(const git::Oid& tree);

  const git::ObjectStore& store_;
  std::string path_;
  std::vector<Level> levels_;
  git::TreeEntry entry_;
};

}  // namespace resource
