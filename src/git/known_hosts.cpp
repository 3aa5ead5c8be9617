#include "git/known_hosts.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace git {
namespace {

/// One of the patterns in front of a key.
std::string renamed(std::string_view pattern, std::string_view host, std::string_view stand_in) {
  const std::string_view negation = pattern.substr(0, pattern.starts_with('!') ? 1 : 0);
  std::string_view rest = pattern.substr(negation.size());
  const std::string_view bracket = rest.substr(0, rest.starts_with('[') ? 1 : 0);
  rest.remove_prefix(bracket.size());
  const std::string_view name = rest.substr(0, rest.find(']'));
  if (base::to_lower(name) != base::to_lower(host)) return std::string(pattern);
  return base::cat(negation, bracket, stand_in, rest.substr(name.size()));
}

}  // namespace

std::string known_hosts_lines(std::string_view text, std::string_view host,
                              std::string_view stand_in) {
  std::string clean(text);
  std::erase(clean, '\r');
  std::replace(clean.begin(), clean.end(), '\t', ' ');
  std::string lines;
  for (const std::string_view line : base::split(clean, '\n')) {
    const std::string_view trimmed = base::trim(line);
    if (trimmed.empty()) continue;
    const std::string_view patterns = trimmed.substr(0, trimmed.find(' '));
    std::string_view separator;
    for (const std::string_view pattern : base::split(patterns, ',')) {
      lines += base::cat(separator, renamed(pattern, host, stand_in));
      separator = ",";
    }
    lines += base::cat(trimmed.substr(patterns.size()), '\n');
  }
  return lines;
}

}  // namespace git
