#pragma once
#include <memory>
#include <string_view>

namespace base {

/// A regular expression in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), matched
/// in time linear in the text.
class Pattern {
 public:
  /// Error that says what is wrong with `text`.
  explicit Pattern(std::string_view text);

  /// Whether it matches anywhere in `text`.
  bool found_in(std::string_view text) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;  // Never changes, so copies share it.
};

}  // namespace base
