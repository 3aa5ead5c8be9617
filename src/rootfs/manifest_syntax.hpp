#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/entry.hpp"
#include "rootfs/manifest.hpp"

namespace rootfs {

inline constexpr std::string_view manifest_signature = "#mtree v2.0";

/// Of several extended attributes of the greatest size there is, in bytes.
inline constexpr size_t longest_manifest_line = 4 * 1024 * 1024;

/// Appends `bytes`, those outside 33..126 and the four that have a meaning (\ # = and blank) as
/// \ooo.
void append_escaped(std::string& out, std::string_view bytes);
/// How many bytes that appends.
uint64_t escaped_size(std::string_view bytes);
/// The reverse; nothing when `text` has a byte that append_escaped() would not have left.
std::optional<std::string> unescape(std::string_view text);

/// mtree(5)'s word for a kind of object, and back.
std::string_view type_word(base::EntryKind kind);
std::optional<base::EntryKind> kind_of_word(std::string_view word);

/// One line without its end; Error says what is wrong with it.
ManifestEntry parse_manifest_line(std::string_view line);

}  // namespace rootfs
