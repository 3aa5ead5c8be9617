#include "rootfs/name.hpp"

#include <climits>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {

std::string clean_path(std::string_view raw, Escape escape, std::string_view mark) {
  if (raw.find('\0') != std::string_view::npos) {
    throw base::Error(base::cat("name \"", base::excerpt(raw), "\" holds a NUL byte"));
  }
  std::string clean;
  clean.reserve(raw.size());
  for (size_t at = 0; at < raw.size();) {
    const size_t end = std::min(raw.find('/', at), raw.size());
    const std::string_view part = raw.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (clean.empty() && escape == Escape::refuse) {
        throw base::Error(base::cat("name \"", base::excerpt(raw), "\" leaves the image's root"));
      }
      const size_t slash = clean.rfind('/');
      clean.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    const size_t size = part.size() - (part.starts_with(mark) ? mark.size() : 0);
    if (size > NAME_MAX) {
      throw base::Error(base::cat("name \"", base::excerpt(raw, 60), "\" has a component of ", size,
                                  " bytes, limit ", NAME_MAX));
    }
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

}  // namespace rootfs
