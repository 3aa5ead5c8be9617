#include "git/path_rules.hpp"

#include <array>
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

constexpr std::array<SpecialName, 2> special_names = {{
    {".gitattributes", "gitatt", "gi7d29"},
    {".gitmodules", "gitmod", "gi7eba"},
}};

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
bool hfs_ignores(uint32_t point) {
  return (point >= 0x200C && point <= 0x200F) || (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x206A && point <= 0x206F) || point == 0xFEFF;
}

/// All the ignored code points take three bytes in UTF-8, so other lengths are copied as they are.
std::string without_hfs_ignored(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) & 0xF0U) == 0xE0 && i + 2 < name.size()) {
      const auto bits = [&](size_t at) { return static_cast<unsigned char>(name[at]) & 0x3FU; };
      const uint32_t point =
          (static_cast<unsigned char>(name[i]) & 0x0FU) << 12U | bits(i + 1) << 6U | bits(i + 2);
      if (hfs_ignores(point)) {
        i += 2;
        continue;
      }
    }
    out += name[i];
  }
  return out;
}

}  // namespace

bool is_refused_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > longest_name) return true;
  const std::string lower = base::to_lower(name);
  // Git for Windows takes a backslash for a separator, so ".git" may stand in any part.
  for (const std::string_view part : base::split(lower, '\\')) {
    if (decorated(part, ".git") || decorated(part, "git~1")) return true;
  }
  for (const SpecialName& special : special_names) {
    if (is_ntfs_special(lower, special)) return true;
  }
  const std::string plain = without_hfs_ignored(lower);
  return plain == ".git" || plain == special_names[0].name || plain == special_names[1].name;
}

}  // namespace git
