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

/// Reads a pointer of today or of git-lfs's first releases; nothing when `text` is none. Error when
/// it has extensions: what it names are not the bytes of the file.
std::optional<Pointer> parse_pointer(std::string_view text);

}  // namespace lfs
