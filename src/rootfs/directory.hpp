#pragma once
#include <sys/types.h>

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.hpp"

namespace rootfs {

/// Which directory it is, whatever path led to it.
struct DirectoryId {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const DirectoryId&) const = default;
};
DirectoryId directory_id(int directory);

/// One name in a directory.
struct Child {
  std::string name;
  bool is_directory = false;  ///< Itself, not through a link.
};
/// All names of a directory but "." and "..", in no order.
std::vector<Child> children(int directory);
/// Whether it has this very name, and not one that the file system takes for the same.
bool has_name(int directory, std::string_view name);

/// Opens the directory `name`, which must not be a link; -1 with errno when it cannot be opened.
base::UniqueFd open_child(int directory, const std::string& name);
base::UniqueFd open_parent(int directory);

/// What a walk does with what it meets.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void other(int /*parent*/, const DirectoryId&, const std::string& /*name*/) {}
  /// Whether to go into a directory.
  virtual bool enter(int /*parent*/, const std::string& /*name*/) { return true; }
  /// After everything below; `parent` is -1 for the directory the walk began in.
  virtual void leave(int /*directory*/, int /*parent*/, const std::string& /*name*/) {}
};
/// Visits everything below `start`, deepest first, with three descriptors however deep it is.
void walk(int start, Visitor& visitor);

/// Removes what `name` in `parent` is, a directory with everything below it.
void remove_entry(int parent, const std::string& name);

}  // namespace rootfs
