#pragma once
#include <string>
#include <string_view>

namespace lfs {

/// The line of a .gitattributes at the top of a repository (gitattributes(5)) that makes git-lfs
/// put the file itself in the place of the pointer at `path`, and at no other path. Ends without a
/// newline.
std::string attribute_line(std::string_view path);

/// Whether git reads that line: it ignores, and servers refuse, those of 2,048 bytes and more.
bool can_be_listed(std::string_view path);

}  // namespace lfs
