#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/entry.hpp"

namespace rootfs {

/// Whether an extended attribute is part of an image. Labels and signatures of the machine
/// (security.selinux, security.ima, ...), trusted.* and what overlay file systems would take for
/// orders of theirs are not.
bool belongs_to_image(std::string_view xattr_name);

/// The extended attributes that `entry` has once it is on disk, sorted by name. Counts in `skipped`
/// those that are part of an image, but that no kernel sets on an object of its kind.
std::vector<base::Xattr> settle_xattrs(const base::Entry& entry, uint64_t& skipped);

/// The image's extended attributes of `name` in `directory`, which is not followed when it is a
/// link; sorted by name. `what` names it in errors.
std::vector<base::Xattr> list_xattrs(int directory, const std::string& name, std::string_view what);

/// A path for calls that have no variant with a directory descriptor.
std::string path_below(int directory, std::string_view name);

}  // namespace rootfs
