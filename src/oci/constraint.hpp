#pragma once
#include <string_view>
#include <vector>

#include "oci/semver.hpp"

namespace oci {

/// A condition on versions in the grammar that `semver_constraint` of registry-image-resource takes
/// (github.com/Masterminds/semver): comparisons with = != > < >= => <= =< ~ ~> ^, ranges "a - b",
/// wildcards x X * and missing numbers; a blank or comma means and, || means or.
class Constraint {
 public:
  /// Error that says which part is not understood.
  static Constraint parse(std::string_view text);

  /// Pre-releases are admitted only by alternatives that name a pre-release themselves.
  bool admits(const Semver& version) const;

 private:
  enum class Operator { equal, not_equal, greater, less, at_least, at_most, tilde, caret };

  struct Comparison {
    Operator relation = Operator::equal;
    Semver bound;
    size_t given = 3;  ///< How many of the bound's numbers are written, not wildcards.

    bool holds(const Semver& version) const;
    bool holds_tilde(const Semver& version) const;
    bool holds_caret(const Semver& version) const;
  };
  class Parser;
  using Conjunction = std::vector<Comparison>;

  std::vector<Conjunction> alternatives_;
};

}  // namespace oci
