#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lfs {

/// Answers, from the .gitattributes of a repository, which of its files a checkout would hand to
/// git-lfs.
class AttributeRules {
 public:
  /// Adds the text of the .gitattributes in `directory` ("" for the top, else without a slash at
  /// its end). Lines that git ignores, and macros, count for nothing.
  void add(const std::string& directory, std::string_view text);

  bool empty() const { return rules_.empty(); }
  /// Whether the attribute filter of the file at `path` is lfs.
  bool is_filtered(std::string_view path) const;

 private:
  struct Rule {
    std::string pattern;
    bool whole_path = false;  ///< Compared with the path below the directory, not with the name.
    bool lfs = false;
  };
  std::map<std::string, std::vector<Rule>, std::less<>> rules_;  ///< By directory.
};

/// Whether a pattern of gitattributes(5) matches all of `text`: wildcards stop at slashes, and **
/// stands for any number of directories. Takes time in proportion to the product of the lengths.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace lfs
