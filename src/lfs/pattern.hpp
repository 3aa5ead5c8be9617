#pragma once
#include <cstdint>
#include <string_view>

namespace lfs {

/// Whether a pattern of gitattributes(5) matches all of `text`: wildcards stop at slashes, and **
/// stands for any number of directories. Takes time in proportion to the product of the lengths,
/// which it adds to `steps`.
bool matches_pattern(std::string_view pattern, std::string_view text, uint64_t& steps);

}  // namespace lfs
