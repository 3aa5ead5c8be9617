#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/pattern.hpp"
#include "oci/constraint.hpp"

namespace resource {

/// `tag`: the one tag named there is followed.
struct SingleTag {};

/// `tag_regex`: every tag the pattern is found in is a version.
struct TagPattern {
  enum class Order { as_listed, by_creation };
  base::Pattern pattern;
  Order order = Order::as_listed;
};

/// Neither: every tag that is a version number is a version.
struct TagVersions {
  std::string variant;  ///< Only tags that end in "-" and this; "" for all.
  bool pre_releases = false;
  std::vector<std::string> pre_release_prefixes;  ///< Besides alpha, beta and rc.
  std::optional<oci::Constraint> constraint;

  /// The tag that stands for the newest image, whatever version that is.
  std::string bare_tag() const { return variant.empty() ? "latest" : variant; }
};

/// Which tags of a repository are versions of the resource.
using TagRules = std::variant<SingleTag, TagPattern, TagVersions>;

/// What to call an image of which only the rules are known.
std::string default_tag(const TagRules& rules);

/// The keys of `source` that choose tags, besides `tag`.
const std::vector<std::string_view>& tag_rule_keys();

/// Reads the keys of `source` that choose tags. Keys are compared regardless of case.
TagRules parse_tag_rules(const base::JsonView& source);

}  // namespace resource
