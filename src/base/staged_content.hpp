#pragma once
#include <string>

#include "base/entry.hpp"
#include "base/rooted_dir.hpp"

namespace base {

/// Content on its way into a file, which may stand in a file of its own already. Whoever makes the
/// file may take that one, and says where the content stands from then on.
class StagedContent : public Content {
 public:
  /// Where a file is in the tree that takes it; the tree's root must outlive the content.
  struct Place {
    const RootedDir& root;
    const std::string& path;
  };
  /// Moves the file that has just this content to `name` in the open directory `parent`, where
  /// nothing may stand; that is `place`, too. -1 with errno set where that cannot be done: ENODATA
  /// when there is no such file (any more).
  virtual int move_to(int parent, const std::string& name, const Place& place) const = 0;
  /// To be called once a new file has the content: it may be read from there.
  virtual void stands_at(const Place& place) const = 0;
};

}  // namespace base
