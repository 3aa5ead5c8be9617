#include "lfs/pointer.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {
namespace {

constexpr std::string_view version = "version https://git-lfs.github.com/spec/v1";
constexpr std::string_view old_version = "version https://hawser.github.com/spec/v1";
constexpr std::string_view oid_start = "oid sha256:";
constexpr std::string_view size_start = "size ";

}  // namespace

std::string encode_pointer(const Pointer& pointer) {
  return base::cat(version, '\n', oid_start, pointer.oid, '\n', size_start, pointer.size, '\n');
}

std::optional<Pointer> parse_pointer(std::string_view text) {
  if (text.size() > longest_pointer) return std::nullopt;
  auto lines = base::split(base::trim(text), '\n');
  for (std::string_view& line : lines) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
  if (lines[0] != version && lines[0] != old_version) return std::nullopt;
  if (lines.size() > 3 && lines[1].starts_with("ext-")) {
    throw base::Error(
        "it is kept by git-lfs with extensions (ext-... in its pointer), which only the programs "
        "that made it can undo");
  }
  const bool in_form =
      lines.size() == 3 && lines[1].starts_with(oid_start) && lines[2].starts_with(size_start);
  if (!in_form) return std::nullopt;
  const std::string_view oid = lines[1].substr(oid_start.size());
  if (oid.size() != 64 || oid.find_first_not_of("0123456789abcdef") != oid.npos) {
    return std::nullopt;
  }
  const auto size = base::parse_number(lines[2].substr(size_start.size()));
  if (!size) return std::nullopt;
  return Pointer{std::string(oid), *size};
}

}  // namespace lfs
