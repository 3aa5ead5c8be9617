#include "resource/metadata_fields.hpp"

#include <map>

#include "base/error.hpp"

namespace resource {
namespace {

std::optional<base::Pattern> parse_pattern(const base::JsonView& view) {
  const std::string text = view.string_or("");
  if (text.empty()) return std::nullopt;
  return base::with_context(view.path(), [&] { return base::Pattern(text); });
}

}  // namespace

FieldRules parse_field_rules(const base::JsonView& source) {
  return {parse_pattern(source.at_ignoring_case("annotation_regex")),
          parse_pattern(source.at_ignoring_case("label_regex"))};
}

std::vector<std::pair<std::string, std::string>> chosen_fields(const FieldRules& rules,
                                                               const registry::Image& image) {
  std::vector<std::pair<std::string, std::string>> fields;
  const auto choose = [&fields](const std::optional<base::Pattern>& pattern,
                                const std::map<std::string, std::string>& values) {
    if (!pattern) return;
    for (const auto& [name, value] : values) {
      if (pattern->found_in(name)) fields.emplace_back(name, value);
    }
  };
  choose(rules.annotations, image.manifest.annotations);
  choose(rules.labels, image.config.labels);
  return fields;
}

}  // namespace resource
