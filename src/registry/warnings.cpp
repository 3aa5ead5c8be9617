#include "registry/warnings.hpp"

#include <optional>
#include <string_view>

#include "base/text.hpp"

namespace registry {
namespace {

/// A registry that says something else each time shall not fill the log.
constexpr size_t most_texts = 10;
constexpr size_t longest_text = 500;

/// The content of the quoted string (RFC 9110 section 5.6.4) at the start of `text`, which is
/// shortened to what follows; nothing when there is none.
std::optional<std::string> take_quoted(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string content;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return content;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    content += text[i];
  }
  return std::nullopt;
}

}  // namespace

void Warnings::note(const http::Headers& headers) {
  constexpr std::string_view start = "299 - ";
  const std::lock_guard lock(mutex_);
  for (const std::string& field : headers.all("Warning")) {
    std::string_view rest = base::trim(field);
    while (rest.starts_with(start)) {
      rest.remove_prefix(start.size());
      const auto text = take_quoted(rest);
      if (!text) break;
      const std::string shown = base::excerpt(*text, longest_text);
      if (!shown.empty() && known_.size() < most_texts && known_.insert(shown).second) {
        log_.warn(base::cat(base::printable(host_), " says: ", shown));
      }
      rest = base::trim(rest);
      if (!rest.starts_with(',')) break;
      rest = base::trim(rest.substr(1));
    }
  }
}

}  // namespace registry
