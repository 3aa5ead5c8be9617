#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// Standard alphabet with padding (RFC 4648 section 4).
std::string base64_encode(std::string_view bytes);

/// The bytes, or nothing when `text` is not base64; padding may be missing.
std::optional<std::string> base64_decode(std::string_view text);

/// Everything but unreserved characters (RFC 3986 section 2.3) as %HH.
std::string percent_encode(std::string_view text);

/// %HH sequences as bytes; a stray % stays.
std::string percent_decode(std::string_view text);

}  // namespace base
