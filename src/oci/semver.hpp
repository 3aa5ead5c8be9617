#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oci {

/// A version as image tags spell it: like semver.org 2.0.0, but "v" may stand in front, minor and
/// patch number may be missing and leading zeros are allowed. Build metadata is dropped.
struct Semver {
  std::array<uint64_t, 3> numbers{};  ///< Major, minor, patch; missing ones are 0.
  std::string pre_release;            ///< "rc.1" of "1.0.0-rc.1"; "" for a final version.

  /// Nothing when `text` is not a version.
  static std::optional<Semver> parse(std::string_view text);
  bool is_final() const { return pre_release.empty(); }
};

/// Precedence as in semver.org section 11: a pre-release comes before its final version.
std::weak_ordering operator<=>(const Semver& a, const Semver& b);
inline bool operator==(const Semver& a, const Semver& b) {
  return (a <=> b) == 0;
}

}  // namespace oci
