#include "git/known_hosts.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "git/ssh_keys.hpp"

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

/// Whether a pattern with "*" and "?" stands for all of `name`.
bool matches(std::string_view pattern, std::string_view name) {
  size_t at = 0;
  size_t taken = 0;
  size_t behind_star = pattern.npos;
  for (size_t star_takes = 0; taken < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      behind_star = ++at;
      star_takes = taken;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[taken])) {
      ++at;
      ++taken;
    } else {
      if (behind_star == pattern.npos) return false;
      at = behind_star;
      taken = ++star_takes;
    }
  }
  return pattern.find_first_not_of('*', at) == pattern.npos;
}

/// The library ignores what a "!" excludes.
bool excludes(std::string_view patterns, std::string_view host, std::optional<unsigned> port) {
  const std::string name =
      port.value_or(22) == 22 ? std::string(host) : base::cat('[', host, "]:", *port);
  for (const std::string_view pattern : base::split(patterns, ',')) {
    const bool is_excluded = pattern.starts_with('!') &&
                             matches(base::to_lower(pattern.substr(1)), base::to_lower(name));
    if (is_excluded) return true;
  }
  return false;
}

}  // namespace

std::string known_hosts_lines(std::string_view text, std::string_view host,
                              std::optional<unsigned> port, std::string_view stand_in) {
  std::string clean(text);
  std::erase(clean, '\r');
  std::replace(clean.begin(), clean.end(), '\t', ' ');
  std::string lines;
  for (const std::string_view line : base::split(clean, '\n')) {
    const std::string_view trimmed = base::trim(line);
    if (trimmed.empty()) continue;
    const std::string_view patterns = trimmed.substr(0, trimmed.find(' '));
    const bool has_marker = trimmed.starts_with('@');
    const std::string_view key = base::trim(trimmed.substr(patterns.size()));
    // A key of the host that the library cannot read makes it read none.
    if (!has_marker && (!is_public_key(key) || excludes(patterns, host, port))) continue;
    std::string names;
    for (const std::string_view pattern : base::split(patterns, ',')) {
      // The library asks for port 22 where it is to ask for none.
      if (!port && pattern.starts_with('[')) continue;
      base::append_item(names, ",", renamed(pattern, host, stand_in));
    }
    if (!names.empty()) lines += base::cat(names, trimmed.substr(patterns.size()), '\n');
  }
  return lines;
}

}  // namespace git
