#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

namespace detail {
inline void append(std::string& out, std::string_view part) {
  out += part;
}
inline void append(std::string& out, char part) {
  out += part;
}
inline void append(std::string& out, std::integral auto part) {
  out += std::to_string(part);
}
}  // namespace detail

/// Joins text and whole numbers to one string.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

/// Adds `item` to a list in words: behind `separator`, unless it is the first.
void append_item(std::string& list, std::string_view separator, std::string_view item);

/// A byte count for people: "512 B", "1.4 MB" (powers of 1000).
std::string human_size(uint64_t bytes);

/// A whole number with separators: "12,345".
std::string with_commas(uint64_t number);

/// A number of things: "1 file", "1,234 files".
std::string counted(uint64_t number, std::string_view one, std::string_view many);

/// Seconds for people: "0.4 s", "12 s", "3 min 5 s".
std::string human_seconds(double seconds);

/// Length of the UTF-8 sequence (RFC 3629) at the front of `text`, which is not empty; 0 when there
/// is none.
size_t utf8_length(std::string_view text);

/// Safe on a terminal, valid UTF-8: stray bytes, and what controls it or turns lines, become \xHH.
std::string printable(std::string_view text);

/// The start of a text whose length somebody else decided, printable: up to `limit` bytes of it,
/// cut between two characters, and "..." where more follows.
std::string excerpt(std::string_view text, size_t limit = 200);
inline constexpr size_t sentence_limit = 1000;  ///< Of an excerpt of what a server says, or lists.

/// `text` without white space (blank, tab, CR, LF) at both ends.
std::string_view trim(std::string_view text);

/// `text` with one blank for each run of white space in it, and none at its ends.
std::string one_line(std::string_view text);

std::string to_lower(std::string_view text);                       ///< ASCII letters only.
bool equal_ignoring_case(std::string_view a, std::string_view b);  ///< ASCII letters only.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A path as the directory, "" where it has none, and the last name.
struct SplitPath {
  std::string_view directory;
  std::string_view name;
};

SplitPath split_path(std::string_view path);

/// A decimal number without a sign; nothing when `digits` is anything else, or more than 64 bits.
std::optional<uint64_t> parse_number(std::string_view digits);

/// Puts `to` in the place of each `from`, which is not empty, in `text`.
void replace_all(std::string& text, std::string_view from, std::string_view to);

/// Lower-case hexadecimal digits of raw bytes.
std::string to_hex(std::string_view bytes);

/// The candidate nearest to `word` by edit distance, or "" when none is close.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace base
