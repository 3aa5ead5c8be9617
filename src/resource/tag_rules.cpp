#include "resource/tag_rules.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "oci/reference.hpp"

namespace resource {
namespace {

using base::JsonView;

TagPattern parse_pattern(const JsonView& view, const JsonView& created_at_sort) {
  return {base::with_context(view.path(), [&] { return base::Pattern(view.string()); }),
          created_at_sort.boolean_or(false) ? TagPattern::Order::by_creation
                                            : TagPattern::Order::as_listed};
}

TagVersions parse_versions(const JsonView& source) {
  TagVersions rules;
  const JsonView variant = source.at_ignoring_case("variant");
  rules.variant = variant.scalar_text();
  if (!rules.variant.empty() && !oci::is_valid_tag(rules.variant)) {
    throw base::Error(base::cat(variant.path(), ": ", base::printable(rules.variant),
                                " cannot be part of a tag (letters, digits, _ . -)"));
  }
  rules.pre_releases = source.at_ignoring_case("pre_releases").boolean_or(false);
  rules.pre_release_prefixes = source.at_ignoring_case("pre_release_prefixes").strings();
  const JsonView constraint = source.at_ignoring_case("semver_constraint");
  if (const std::string text = constraint.scalar_text(); !text.empty()) {
    rules.constraint =
        base::with_context(constraint.path(), [&] { return oci::Constraint::parse(text); });
  }
  return rules;
}

}  // namespace

std::string default_tag(const TagRules& rules) {
  const auto* versions = std::get_if<TagVersions>(&rules);
  return versions == nullptr ? "latest" : versions->bare_tag();
}

const std::vector<std::string_view>& tag_rule_keys() {
  static const std::vector<std::string_view> keys = {"tag_regex",    "created_at_sort",
                                                     "variant",      "semver_constraint",
                                                     "pre_releases", "pre_release_prefixes"};
  return keys;
}

TagRules parse_tag_rules(const JsonView& source) {
  if (!source.at_ignoring_case("tag").scalar_text().empty()) return SingleTag{};
  const JsonView pattern = source.at_ignoring_case("tag_regex");
  if (!pattern.string_or("").empty()) {
    return parse_pattern(pattern, source.at_ignoring_case("created_at_sort"));
  }
  return parse_versions(source);
}

}  // namespace resource
