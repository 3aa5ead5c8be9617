#include "git/path_rules.hpp"

#include <cstdint>
#include <string>

#include "base/text.hpp"

namespace git {
namespace {

constexpr size_t longest_name = 255;

/// Names a special file has on NTFS: its own and the short ones Windows may give it.
struct SpecialName {
  std::string_view name;
  std::string_view short_prefix;   ///< Before "~1" to "~4".
  std::string_view hashed_prefix;  ///< Before "~" and any digits, once those are taken.
};

constexpr SpecialName gitattributes = {".gitattributes", "gitatt", "gi7d29"};
constexpr SpecialName gitmodules = {".gitmodules", "gitmod", "gi7eba"};

/// NTFS drops dots and blanks at the end and takes what follows a colon for a stream's name.
bool only_ntfs_decoration(std::string_view rest) {
  const size_t end = rest.find_first_not_of(". ");
  return end == std::string_view::npos || rest[end] == ':';
}

bool decorated(std::string_view name, std::string_view wanted) {
  return name.starts_with(wanted) && only_ntfs_decoration(name.substr(wanted.size()));
}

bool is_ntfs_special(std::string_view name, const SpecialName& special) {
  if (decorated(name, special.name)) return true;
  const size_t tilde = name.find('~');
  if (tilde == std::string_view::npos || tilde + 1 >= name.size()) return false;
  const char digit = name[tilde + 1];
  if (name.substr(0, tilde) == special.short_prefix) {
    return digit >= '1' && digit <= '4' && only_ntfs_decoration(name.substr(tilde + 2));
  }
  // The hashed form fills eight characters: some of the prefix, "~", a number without leading zero.
  constexpr size_t stem = 8;
  if (tilde > special.hashed_prefix.size() || name.size() < stem ||
      name.substr(0, tilde) != special.hashed_prefix.substr(0, tilde)) {
    return false;
  }
  const std::string_view number = name.substr(tilde + 1, stem - tilde - 1);
  return digit != '0' && number.find_first_not_of("0123456789") == std::string_view::npos &&
         only_ntfs_decoration(name.substr(stem));
}

/// Code points HFS+ ignores when it compares names.
bool hfs_ignores(std::string_view character) {
  if (character.size() != 3) return false;
  const auto bits = [&](size_t at) { return static_cast<unsigned char>(character[at]) & 0x3FU; };
  const uint32_t point =
      (static_cast<unsigned char>(character[0]) & 0x0FU) << 12U | bits(1) << 6U | bits(2);
  return (point >= 0x200C && point <= 0x200F) || (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x206A && point <= 0x206F) || point == 0xFEFF;
}

/// Whether git takes a name to end in front of these bytes when it compares as HFS+ does: where no
/// UTF-8 follows, nor U+FFFE and U+FFFF.
bool ends_for_git(std::string_view bytes, size_t length) {
  return length == 0 || bytes.starts_with("\xEF\xBF\xBE") || bytes.starts_with("\xEF\xBF\xBF");
}

/// The name that git compares with its own ones because HFS+ would.
std::string hfs_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t length = base::utf8_length(name);
    if (ends_for_git(name, length)) break;
    const std::string_view character = name.substr(0, length);
    if (!hfs_ignores(character)) out += character;
    name.remove_prefix(length);
  }
  return out;
}

}  // namespace

bool is_refused_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > longest_name) return true;
  // All names that are looked for below have one of these, whatever else they are decorated with.
  if (name.find_first_of("gG~") == name.npos) return false;
  const std::string lower = base::to_lower(name);
  // Git for Windows takes a backslash for a separator: ".git" may stand in any part, and
  // ".gitmodules" behind any.
  for (std::string_view rest = lower;;) {
    const size_t backslash = rest.find('\\');
    const std::string_view part = rest.substr(0, backslash);
    if (decorated(part, ".git") || decorated(part, "git~1")) return true;
    if (is_ntfs_special(rest, gitmodules)) return true;
    if (backslash == rest.npos) break;
    rest.remove_prefix(backslash + 1);
  }
  if (is_ntfs_special(lower, gitattributes)) return true;
  const std::string plain = hfs_name(lower);
  return plain == ".git" || plain == gitattributes.name || plain == gitmodules.name;
}

}  // namespace git
