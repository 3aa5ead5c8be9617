#include "oci/semver.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace oci {
namespace {

constexpr size_t longest_version = 256;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_numeric(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool are_identifiers(std::string_view text) {
  const auto parts = base::split(text, '.');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), is_identifier_char);
  });
}

bool is_pre_release(std::string_view text) {
  const auto parts = base::split(text, '.');
  return are_identifiers(text) && std::none_of(parts.begin(), parts.end(), [](auto part) {
           return part.size() > 1 && part[0] == '0' && is_numeric(part);
         });
}

bool parse_numbers(std::string_view text, std::array<uint64_t, 3>& numbers) {
  const auto parts = base::split(text, '.');
  if (parts.size() > numbers.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto number = base::parse_number(parts[i]);
    if (!number) return false;
    numbers[i] = *number;
  }
  return true;
}

std::weak_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_is_number = is_numeric(a);
  const bool b_is_number = is_numeric(b);
  if (a_is_number != b_is_number) {
    return a_is_number ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  // Numbers have no leading zeros and may be larger than any integer type.
  if (a_is_number && a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

std::weak_ordering compare_pre_releases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();
  const auto a_parts = base::split(a, '.');
  const auto b_parts = base::split(b, '.');
  return std::lexicographical_compare_three_way(a_parts.begin(), a_parts.end(), b_parts.begin(),
                                                b_parts.end(), compare_identifiers);
}

}  // namespace

std::optional<Semver> Semver::parse(std::string_view text) {
  if (text.size() > longest_version) return std::nullopt;
  if (text.starts_with('v')) text.remove_prefix(1);
  if (const size_t plus = text.find('+'); plus != std::string_view::npos) {
    if (!are_identifiers(text.substr(plus + 1))) return std::nullopt;
    text = text.substr(0, plus);
  }
  Semver version;
  if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    version.pre_release = text.substr(dash + 1);
    if (!is_pre_release(version.pre_release)) return std::nullopt;
    text = text.substr(0, dash);
  }
  if (!parse_numbers(text, version.numbers)) return std::nullopt;
  return version;
}

std::weak_ordering operator<=>(const Semver& a, const Semver& b) {
  if (const auto order = a.numbers <=> b.numbers; order != 0) return order;
  return compare_pre_releases(a.pre_release, b.pre_release);
}

}  // namespace oci
