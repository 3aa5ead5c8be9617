#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rootfs {

/// What a pax header (POSIX.1-2017, pax Extended Header) says of the entry behind it.
struct PaxHeader {
  struct Time {
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
  };
  enum class SparseMap { none, in_header, in_content };

  std::optional<std::string> path{}, link{};  ///< Never empty.
  std::optional<uint64_t> size{};
  /// If it lies between two seconds before 1970: libarchive counts the fraction from there in the
  /// wrong direction.
  std::optional<Time> mtime{};
  SparseMap sparse_map = SparseMap::none;
  /// Why the entry must be refused, if it must: "has ...".
  std::string problem{};
};

/// Reads the records of one header, in place; nothing when they are damaged. Of those that
/// libarchive must not act on, the key becomes an unknown one: ACLs as text, which cost it the
/// square of their length and are attributes, too, and numbers that a later record takes back.
std::optional<PaxHeader> read_pax_header(std::span<char> text);

/// Makes the keys of a global header's records unknown ones, in place. What it says of all entries
/// counts for none, as with docker; newer libarchive refuses to leave it out.
void hide_pax_records(std::span<char> text);

}  // namespace rootfs
