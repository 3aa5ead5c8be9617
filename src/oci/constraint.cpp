#include "oci/constraint.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

constexpr std::string_view blanks = " \t\n\f\r";
constexpr size_t longest_constraint = 512;

[[noreturn]] void refuse(std::string_view what, std::string_view part) {
  throw base::Error(cat(what, " \"", base::printable(part),
                        "\" (constraints look like 1.2.x, >= 1.2 < 3 or ^1.4 || ~2.0)"));
}

bool is_wildcard(std::string_view text) {
  return text == "x" || text == "X" || text == "*";
}

/// Whether (major, minor) of a version come before, at or behind those of a bound.
std::strong_ordering compare_minor(const Semver& version, const Semver& bound) {
  return std::pair(version.numbers[0], version.numbers[1]) <=>
         std::pair(bound.numbers[0], bound.numbers[1]);
}

}  // namespace

/// Reads one alternative from left to right.
class Constraint::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Conjunction conjunction() {
    Conjunction all;
    skip_blanks();
    do {
      append_element(all);
    } while (skip_separator());
    return all;
  }

 private:
  bool skip_blanks() {
    const size_t count = std::min(rest_.find_first_not_of(blanks), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }

  /// True when another element follows.
  bool skip_separator() {
    skip_blanks();  // A word ends at a blank, a comma or the end only.
    if (rest_.starts_with(',')) {
      rest_.remove_prefix(1);
      skip_blanks();
      return true;
    }
    return !rest_.empty();
  }

  std::optional<Operator> take_operator() {
    // Longer ones first, as some start with another.
    static constexpr std::array<std::pair<std::string_view, Operator>, 11> operators{{
        {"!=", Operator::not_equal},
        {">=", Operator::at_least},
        {"=>", Operator::at_least},
        {"<=", Operator::at_most},
        {"=<", Operator::at_most},
        {"~>", Operator::tilde},
        {"=", Operator::equal},
        {">", Operator::greater},
        {"<", Operator::less},
        {"~", Operator::tilde},
        {"^", Operator::caret},
    }};
    for (const auto& [text, relation] : operators) {
      if (!rest_.starts_with(text)) continue;
      rest_.remove_prefix(text.size());
      skip_blanks();
      return relation;
    }
    return std::nullopt;
  }

  std::string_view take_word() {
    const size_t end = std::min(rest_.find_first_of(" \t\n\f\r,"), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }

  /// A version whose last numbers may be wildcards or missing.
  Comparison take_bound(Operator relation) {
    const std::string_view word = take_word();
    std::string_view core = word.substr(0, word.find_first_of("-+"));
    const std::string_view suffix = word.substr(core.size());
    if (core.starts_with('v')) core.remove_prefix(1);
    const auto parts = base::split(core, '.');
    const auto wildcard = std::find_if(parts.begin(), parts.end(), is_wildcard);
    const auto given = static_cast<size_t>(wildcard - parts.begin());
    if (parts.size() > 3) refuse("not a version:", word);
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) {
      text += cat(i == 0 ? "" : ".", i < given || !is_wildcard(parts[i]) ? parts[i] : "0");
    }
    auto bound = Semver::parse(cat(text, suffix));
    if (!bound) refuse(word.empty() ? "a version is missing in" : "not a version:", word);
    std::fill(bound->numbers.begin() + static_cast<ptrdiff_t>(given), bound->numbers.end(), 0U);
    return {relation, std::move(*bound), given};
  }

  void append_element(Conjunction& all) {
    const auto relation = take_operator();
    all.push_back(take_bound(relation.value_or(Operator::equal)));
    if (relation || !take_range_dash()) return;
    all.back().relation = Operator::at_least;
    all.push_back(take_bound(Operator::at_most));
  }

  /// The " - " of a range; unlike the dash of a pre-release it stands free.
  bool take_range_dash() {
    const std::string_view before = rest_;
    if (skip_blanks() && rest_.starts_with('-')) {
      rest_.remove_prefix(1);
      if (skip_blanks()) return true;
    }
    rest_ = before;
    return false;
  }

  std::string_view rest_;
};

Constraint Constraint::parse(std::string_view text) {
  if (text.size() > longest_constraint) {
    throw base::Error(cat("a constraint has at most ", longest_constraint, " characters"));
  }
  Constraint constraint;
  while (true) {
    const size_t end = text.find("||");
    const std::string_view part = text.substr(0, end);
    if (base::trim(part).empty()) refuse("a version is missing in", text);
    constraint.alternatives_.push_back(Parser(part).conjunction());
    if (end == std::string_view::npos) return constraint;
    text.remove_prefix(end + 2);
  }
}

bool Constraint::admits(const Semver& version) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Conjunction& all) {
    const auto names_pre_release = [](const Comparison& one) { return !one.bound.is_final(); };
    if (!version.is_final() && std::none_of(all.begin(), all.end(), names_pre_release)) {
      return false;
    }
    return std::all_of(all.begin(), all.end(),
                       [&](const Comparison& one) { return one.holds(version); });
  });
}

bool Constraint::Comparison::holds(const Semver& version) const {
  const bool same_major = version.numbers[0] == bound.numbers[0];
  switch (relation) {
    case Operator::equal:
      return given < 3 ? holds_tilde(version) : version == bound;
    case Operator::not_equal:
      if (given == 1) return !same_major;
      if (given == 2) {
        return compare_minor(version, bound) != 0 || version.pre_release != bound.pre_release;
      }
      return version != bound;
    case Operator::greater:
      // 1.2.9 is still 1.2 and not above it.
      if (given == 1) return version.numbers[0] > bound.numbers[0];
      if (given == 2) return compare_minor(version, bound) > 0;
      return version > bound;
    case Operator::less:
      return version < bound;
    case Operator::at_least:
      return version >= bound;
    case Operator::at_most:
      if (given == 3) return version <= bound;
      if (given == 1) return version.numbers[0] <= bound.numbers[0];
      return compare_minor(version, bound) <= 0;
    case Operator::tilde:
      return holds_tilde(version);
    case Operator::caret:
      return holds_caret(version);
  }
  return false;
}

/// The last number written may grow; 0.0.0 and a lone wildcard let everything in.
bool Constraint::Comparison::holds_tilde(const Semver& version) const {
  if (version < bound) return false;
  const bool zero = bound.numbers == decltype(bound.numbers){};
  if (zero && (given == 0 || given == 3)) return true;
  if (given == 1) return version.numbers[0] == bound.numbers[0];
  return compare_minor(version, bound) == 0;
}

/// What stands right of the first number other than zero may grow.
bool Constraint::Comparison::holds_caret(const Semver& version) const {
  if (version < bound) return false;
  if (bound.numbers[0] > 0 || given == 1) return version.numbers[0] == bound.numbers[0];
  if (compare_minor(version, bound) != 0) return false;
  return bound.numbers[1] > 0 || given == 2 || version.numbers[2] == bound.numbers[2];
}

}  // namespace oci
