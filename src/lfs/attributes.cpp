#include "lfs/attributes.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace lfs {
namespace {

constexpr size_t longest_line = 2047;
constexpr std::string_view attributes = " filter=lfs diff=lfs merge=lfs -text";

/// A pattern that matches the path and no other (fnmatch(3), without a slash in front it would
/// also be looked for in folders).
std::string pattern_of(std::string_view path) {
  std::string out = "/";
  for (const char c : path) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"';
}

/// As git quotes a C string, which gitattributes(5) takes for patterns with blanks in them.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == ' ' || is_plain(c)) {
      out += c;
    } else {
      for (const unsigned shift : {6U, 3U, 0U}) {
        if (shift == 6U) out += '\\';
        out += static_cast<char>('0' + ((byte >> shift) & 7U));
      }
    }
  }
  return out + '"';
}

}  // namespace

std::string attribute_line(std::string_view path) {
  const std::string pattern = pattern_of(path);
  const bool plain = std::all_of(pattern.begin(), pattern.end(), is_plain);
  return base::cat(plain ? pattern : quoted(pattern), attributes);
}

bool can_be_listed(std::string_view path) {
  return attribute_line(path).size() <= longest_line;
}

}  // namespace lfs
