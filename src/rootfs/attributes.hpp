#pragma once
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/entry.hpp"
#include "base/log.hpp"
#include "rootfs/tree.hpp"

namespace rootfs {

/// One object in the tree that attributes are set on: by descriptor, or (links, FIFOs) by name.
struct Target {
  int fd = -1;      ///< Of the object itself; -1: use the name.
  int parent = -1;  ///< Directory of `name`.
  std::string_view name = {};
  std::string_view path = {};  ///< For messages.
  bool is_symlink = false;
};

/// Sets owners, extended attributes, modes and times. What this process may not do is counted in
/// the summary and said once, because the image is still usable without.
class AttributeWriter {
 public:
  AttributeWriter(TreeSummary& summary, base::Log& log) : summary_(summary), log_(log) {}

  /// Everything of an object that was just made; chown comes first because it clears capabilities
  /// and setuid bits.
  void set_all(const Target& target, const base::Entry& entry);

  /// Gives the mode bits that a program must not have now, as they would lend it the identity of
  /// the owner that it has instead.
  uint32_t set_owner(const Target& target, const struct stat& now, uint64_t uid, uint64_t gid);
  void set_xattrs(const Target& target, const std::vector<base::Xattr>& xattrs);
  /// Removes the image's attributes that are not in `keep`.
  void remove_xattrs(const Target& target, const std::vector<base::Xattr>& keep);
  void set_mode(const Target& target, uint32_t mode);
  void set_times(const Target& target, int64_t seconds, uint32_t nanoseconds);

 private:
  TreeSummary& summary_;
  base::Log& log_;
  bool warned_of_xattrs_ = false;
};

struct stat inspect(const Target& target);

}  // namespace rootfs
