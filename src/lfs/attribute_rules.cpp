#include "lfs/attribute_rules.hpp"

#include <algorithm>
#include <charconv>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "lfs/pattern.hpp"

namespace lfs {
namespace {

constexpr size_t longest_line = 2047;
constexpr std::string_view blanks = " \t\r";
constexpr std::string_view macro_start = "[attr]";

/// A word at the front of `line`, which is taken off; with quotes around it as git's C strings are.
std::optional<std::string> take_pattern(std::string_view& line) {
  if (!line.starts_with('"')) {
    const size_t end = std::min(line.find_first_of(blanks), line.size());
    std::string word(line.substr(0, end));
    line.remove_prefix(end);
    return word;
  }
  std::string word;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '"') {
      line.remove_prefix(i + 1);
      return word;
    }
    if (line[i] != '\\') {
      word += line[i];
      continue;
    }
    if (++i == line.size()) break;
    constexpr std::string_view letters = "abtnvfr";
    constexpr std::string_view meanings = "\a\b\t\n\v\f\r";
    unsigned code = 0;
    const char* const digits = line.data() + i;
    const char* const last = digits + std::min<size_t>(3, line.size() - i);
    if (const size_t letter = letters.find(line[i]); letter != letters.npos) {
      word += meanings[letter];
    } else if (std::from_chars(digits, last, code, 8).ptr == digits + 3 && code < 256) {
      word += static_cast<char>(code);
      i += 2;
    } else {
      word += line[i];
    }
  }
  return std::nullopt;
}

std::string_view without_blanks_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line = without_blanks_before(line.substr(word.size()));
  return word;
}

}  // namespace

/// What a line says of the attribute filter; nothing when it does not mention it.
std::optional<bool> AttributeRules::filter_is_lfs(std::string_view attributes,
                                                  const Macros& macros) {
  std::optional<bool> says;
  for (attributes = without_blanks_before(attributes); !attributes.empty();) {
    const std::string_view word = take_word(attributes);
    const bool is_plain = !word.starts_with('-') && !word.starts_with('!');
    const std::string_view name = word.substr(is_plain ? 0 : 1);
    if (name == "filter" || word.starts_with("filter=")) {
      says = word == "filter=lfs";
    } else if (const auto macro = macros.find(name); macro != macros.end()) {
      says = is_plain && macro->second;
    }
  }
  return says;
}

void AttributeRules::add_macros(std::string_view text) {
  // A macro may be made of others that are defined before or after it.
  constexpr int deepest = 5;
  for (int depth = 0; depth < deepest; ++depth) {
    for (std::string_view line : base::split(text, '\n')) {
      line = without_blanks_before(line);
      if (line.size() > longest_line || !line.starts_with(macro_start)) continue;
      line = without_blanks_before(line.substr(macro_start.size()));
      const std::string name(take_word(line));
      if (const auto lfs = filter_is_lfs(line, macros_)) {
        macros_[name] = *lfs;
      } else {
        macros_.erase(name);
      }
    }
  }
}

void AttributeRules::add(const std::string& directory, std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (directory.empty()) add_macros(text);
  for (std::string_view line : base::split(text, '\n')) {
    if (line.size() > longest_line) continue;
    line = without_blanks_before(line);
    if (line.empty() || line.starts_with('#') || line.starts_with(macro_start)) continue;
    auto pattern = take_pattern(line);
    if (!pattern || pattern->empty() || pattern->starts_with('!') || pattern->ends_with('/')) {
      continue;
    }
    const auto lfs = filter_is_lfs(line, macros_);
    if (!lfs) continue;
    const bool whole_path = pattern->find('/') != std::string::npos;
    if (pattern->starts_with('/')) pattern->erase(0, 1);
    hands_over_ = hands_over_ || *lfs;
    rules_[directory].push_back({std::move(*pattern), whole_path, *lfs});
  }
}

bool AttributeRules::is_filtered(std::string_view path) {
  if (!hands_over_) return false;
  const std::string_view name = base::split_path(path).name;
  // What stands nearer to the file counts for more, and in one file what comes later.
  std::string_view directory = path;
  while (!directory.empty()) {
    directory = base::split_path(directory).directory;
    const auto found = rules_.find(directory);
    if (found == rules_.end()) continue;
    const std::string_view below = path.substr(directory.empty() ? 0 : directory.size() + 1);
    for (auto rule = found->second.rbegin(); rule != found->second.rend(); ++rule) {
      base::throw_if_cancelled();
      if (matches_pattern(rule->pattern, rule->whole_path ? below : name, steps_)) return rule->lfs;
      if (steps_ > most_steps_) {
        throw base::Error(
            "the patterns of .gitattributes take too long to compare with all files of the image; "
            "have fewer lines with filter=lfs, or with fewer wildcards");
      }
    }
  }
  return false;
}

}  // namespace lfs
