#include "lfs/attribute_rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {
namespace {

constexpr size_t longest_line = 2047;
constexpr uint64_t least_steps = 10;  ///< Of one comparison.
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

struct Token {
  enum class Kind { one, any, run, directories, all } kind;
  char byte = 0;                 ///< For one.
  std::string_view choice = {};  ///< For any: the inside of [...], or nothing for all but a slash.
};

/// Whether a byte is in a class of POSIX, such as alpha.
bool is_in_class(std::string_view name, char c) {
  using Test = int (*)(int);
  constexpr std::array<std::pair<std::string_view, Test>, 12> classes = {
      {{"alnum", std::isalnum},
       {"alpha", std::isalpha},
       {"blank", std::isblank},
       {"cntrl", std::iscntrl},
       {"digit", std::isdigit},
       {"graph", std::isgraph},
       {"lower", std::islower},
       {"print", std::isprint},
       {"punct", std::ispunct},
       {"space", std::isspace},
       {"upper", std::isupper},
       {"xdigit", std::isxdigit}}};
  return std::any_of(classes.begin(), classes.end(), [&](const auto& known) {
    return known.first == name && known.second(static_cast<unsigned char>(c)) != 0;
  });
}

bool is_negation(char c) {
  return c == '!' || c == '^';
}

/// Where "[:alpha:]" and the like at the front of `text` end; 0 when there is none.
size_t end_of_class(std::string_view text) {
  constexpr size_t longest = std::string_view("[:xdigit:]").size();
  if (!text.starts_with("[:")) return 0;
  const size_t end = text.substr(0, longest).find(":]", 2);
  return end == text.npos ? 0 : end + 2;
}

/// Where the "]" is that ends the choice "[..." at the front of `text`.
size_t end_of_choice(std::string_view text) {
  const size_t first = text.size() > 1 && is_negation(text[1]) ? 2 : 1;
  for (size_t i = first; i < text.size(); ++i) {
    if (text[i] == ']' && i > first) return i;
    if (const size_t size = end_of_class(text.substr(i)); size > 0) {
      i += size - 1;
    } else if (text[i] == '\\') {
      ++i;
    }
  }
  return text.npos;
}

bool is_in(std::string_view choice, char c) {
  const bool negated = is_negation(choice[0]);
  if (negated) choice.remove_prefix(1);
  bool found = false;
  for (size_t i = 0; i < choice.size(); ++i) {
    if (const size_t size = end_of_class(choice.substr(i)); size > 0) {
      found = found || is_in_class(choice.substr(i + 2, size - 4), c);
      i += size - 1;
      continue;
    }
    if (choice[i] == '\\' && i + 1 < choice.size()) ++i;
    if (i + 2 < choice.size() && choice[i + 1] == '-') {
      found = found || (static_cast<unsigned char>(choice[i]) <= static_cast<unsigned char>(c) &&
                        static_cast<unsigned char>(c) <= static_cast<unsigned char>(choice[i + 2]));
      i += 2;
    } else {
      found = found || choice[i] == c;
    }
  }
  return found != negated;
}

std::vector<Token> tokens_of(std::string_view pattern) {
  using Kind = Token::Kind;
  std::vector<Token> tokens;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool starts_part = i == 0 || pattern[i - 1] == '/';
    const std::string_view rest = pattern.substr(i);
    if (starts_part && rest.starts_with("**/")) {
      tokens.push_back({Kind::directories});
      i += 2;
    } else if (starts_part && rest == "**") {
      tokens.push_back({Kind::all});
      ++i;
    } else if (rest[0] == '*') {
      tokens.push_back({Kind::run});
    } else if (rest[0] == '?') {
      tokens.push_back({Kind::any});
    } else if (const size_t end = rest[0] == '[' ? end_of_choice(rest) : rest.npos;
               end != rest.npos) {
      tokens.push_back({Kind::any, 0, rest.substr(1, end - 1)});
      i += end;
    } else {
      if (rest[0] == '\\' && rest.size() > 1) ++i;
      tokens.push_back({Kind::one, pattern[i]});
    }
  }
  return tokens;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text, uint64_t& steps) {
  using Kind = Token::Kind;
  steps += least_steps;
  // Nearly all lines that programs write, of which there may be thousands.
  if (pattern.find_first_of("*?[\\") == pattern.npos) return pattern == text;
  const std::vector<Token> tokens = tokens_of(pattern);
  // Which tokens the next byte may have to match; the one behind the last is the end.
  std::vector<bool> now(tokens.size() + 1);
  std::vector<bool> next(tokens.size() + 1);
  now[0] = true;
  for (size_t at = 0;; ++at) {
    steps += pattern.size();
    const bool starts_part = at == 0 || text[at - 1] == '/';
    for (size_t i = 0; i < tokens.size(); ++i) {
      const Kind kind = tokens[i].kind;
      const bool may_end =
          kind == Kind::run || kind == Kind::all || (kind == Kind::directories && starts_part);
      if (now[i] && may_end) now[i + 1] = true;
    }
    if (at == text.size()) return now.back();
    bool goes_on = false;
    next.assign(next.size(), false);
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (!now[i]) continue;
      const Token& token = tokens[i];
      const char c = text[at];
      switch (token.kind) {
        case Kind::one:
          if (token.byte == c) goes_on = next[i + 1] = true;
          break;
        case Kind::any:
          if (c != '/' && (token.choice.empty() || is_in(token.choice, c))) {
            goes_on = next[i + 1] = true;
          }
          break;
        case Kind::run:
          if (c != '/') goes_on = next[i] = true;
          break;
        default:
          goes_on = next[i] = true;
      }
    }
    if (!goes_on) return false;
    now.swap(next);
  }
}

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
