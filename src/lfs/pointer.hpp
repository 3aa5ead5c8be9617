#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lfs {

/// What a git tree holds in place of a large file (git-lfs, docs/spec.md).
struct Pointer {
  std::string oid;  ///< SHA-256 of the file, 64 hexadecimal digits.
  uint64_t size = 0;

  bool operator==(const Pointer&) const = default;
};

/// No larger file is taken for a pointer by git-lfs.
inline constexpr size_t longest_pointer = 1024;

/// The one text that stands for `pointer`.
std::string encode_pointer(const Pointer& pointer);

/// Reads a pointer; nothing when `text` is none, or one with extensions, whose bytes are not those
/// of the file.
std::optional<Pointer> parse_pointer(std::string_view text);

}  // namespace lfs
