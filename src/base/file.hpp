#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/handle.hpp"

namespace base {

/// The bytes of a regular file; nothing when there is none. Refuses symbolic links, special files
/// and files larger than `limit` bytes.
std::optional<std::string> read_small_file(const std::string& path, size_t limit);

/// Writes a file so that it is there whole or not at all (temporary name, then rename).
void write_file(const std::string& path, std::string_view content);

/// Writes all bytes to a descriptor; `what` names the target in errors.
void write_all(int fd, std::string_view bytes, std::string_view what);

}  // namespace base
