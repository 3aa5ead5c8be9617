#pragma once
#include <string>
#include <string_view>

namespace rootfs {

/// What to do with a path that climbs above the root.
enum class Escape { refuse, clamp };

/// `raw` without "", "." and ".." components, taken as text (links play no part) and relative to
/// the root; "" is the root. Error for NUL bytes, components over 255 bytes, not counting `mark` at
/// the front of one, and, with Escape::refuse, for paths that leave the root.
std::string clean_path(std::string_view raw, Escape escape, std::string_view mark = "");

}  // namespace rootfs
