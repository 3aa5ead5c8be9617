#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace base {

/// A moment as JSON documents give it.
struct Timestamp {
  int64_t seconds = 0;  ///< Since 1970 in UTC.
  int32_t nanoseconds = 0;
  auto operator<=>(const Timestamp&) const = default;

  /// Reads RFC 3339; nothing when malformed.
  static std::optional<Timestamp> parse(std::string_view text);
};

}  // namespace base
