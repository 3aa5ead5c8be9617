#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lfs {

/// Answers, from the .gitattributes of a repository, which of its files a checkout would hand to
/// git-lfs.
class AttributeRules {
 public:
  /// Of comparing patterns with paths: bytes of the one for bytes of the other. They take a minute
  /// or two; a thousand lines and a hundred thousand files stay below.
  static constexpr uint64_t usual_steps = 30'000'000'000;
  explicit AttributeRules(uint64_t most_steps = usual_steps) : most_steps_(most_steps) {}

  /// Adds the text of the .gitattributes in `directory` ("" for the top, else without a slash at
  /// its end), of the top first: its macros are for all. Lines that git ignores count for nothing.
  void add(const std::string& directory, std::string_view text);

  /// Whether some line hands files to git-lfs.
  bool hands_over() const { return hands_over_; }
  /// Whether the attribute filter of the file at `path` is lfs. Error when comparing has taken
  /// more steps than it may.
  bool is_filtered(std::string_view path);

 private:
  /// Macros by name, with what they say of the attribute filter.
  using Macros = std::map<std::string, bool, std::less<>>;
  struct Rule {
    std::string pattern;
    bool whole_path = false;  ///< Compared with the path below the directory, not with the name.
    bool lfs = false;
  };
  static std::optional<bool> filter_is_lfs(std::string_view attributes, const Macros& macros);
  void add_macros(std::string_view text);

  Macros macros_;
  std::map<std::string, std::vector<Rule>, std::less<>> rules_;  ///< By directory.
  bool hands_over_ = false;
  uint64_t most_steps_;
  uint64_t steps_ = 0;
};

}  // namespace lfs
