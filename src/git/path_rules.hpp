#pragma once
#include <string_view>

namespace git {

/// Whether a tree entry of this name would be refused by a server with receive.fsckObjects, refused
/// by a checkout, or change what a checkout writes: ".git", ".gitattributes" and ".gitmodules" in
/// any spelling that HFS+ or NTFS takes for them (git's is_hfs_dotgit and is_ntfs_dotgit), and
/// names longer than 255 bytes.
bool is_refused_name(std::string_view name);

/// Longest path in bytes, from the repository's root, that a checkout can write.
inline constexpr size_t longest_path = 4095;
/// Longest symbolic link text that a checkout can write.
inline constexpr size_t longest_link = 4095;

}  // namespace git
