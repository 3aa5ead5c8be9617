#include "lfs/pattern.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace lfs {
namespace {

constexpr uint64_t least_steps = 10;  ///< Of one comparison.

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
      const bool is_escaped = choice[i + 2] == '\\' && i + 3 < choice.size();
      const size_t last = is_escaped ? i + 3 : i + 2;
      found = found || (static_cast<unsigned char>(choice[i]) <= static_cast<unsigned char>(c) &&
                        static_cast<unsigned char>(c) <= static_cast<unsigned char>(choice[last]));
      i = last;
    } else {
      found = found || choice[i] == c;
    }
  }
  return found != negated;
}

struct Token {
  enum class Kind { one, any, run, directories, all } kind;
  char byte = 0;                 ///< For one.
  std::string_view choice = {};  ///< For any: the inside of [...], or nothing for all but a slash.

  /// Whether it stands for one byte; else for any number of them.
  bool is_single() const { return kind == Kind::one || kind == Kind::any; }
  bool takes(char c) const {
    switch (kind) {
      case Kind::one:
        return byte == c;
      case Kind::any:
        return c != '/' && (choice.empty() || is_in(choice, c));
      case Kind::run:
        return c != '/';
      default:
        return true;
    }
  }
};

std::vector<Token> tokens_of(std::string_view pattern, uint64_t& steps) {
  using Kind = Token::Kind;
  std::vector<Token> tokens;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool starts_part = i == 0 || pattern[i - 1] == '/';
    const std::string_view rest = pattern.substr(i);
    // Its end is looked for up to the pattern's.
    if (rest[0] == '[') steps += rest.size();
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
  steps += least_steps;
  // Nearly all lines that programs write, of which there may be thousands.
  if (pattern.find_first_of("*?[\\") == pattern.npos) return pattern == text;
  const std::vector<Token> tokens = tokens_of(pattern, steps);
  // Which tokens the next byte may have to match; the one behind the last is the end.
  std::vector<bool> now(tokens.size() + 1);
  std::vector<bool> next(tokens.size() + 1);
  now[0] = true;
  for (size_t at = 0;; ++at) {
    steps += pattern.size();
    const bool starts_part = at == 0 || text[at - 1] == '/';
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool may_be_none =
          !tokens[i].is_single() && (tokens[i].kind != Token::Kind::directories || starts_part);
      if (now[i] && may_be_none) now[i + 1] = true;
    }
    if (at == text.size()) return now.back();
    bool goes_on = false;
    next.assign(next.size(), false);
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (!now[i] || !tokens[i].takes(text[at])) continue;
      goes_on = next[tokens[i].is_single() ? i + 1 : i] = true;
    }
    if (!goes_on) return false;
    now.swap(next);
  }
}

}  // namespace lfs
