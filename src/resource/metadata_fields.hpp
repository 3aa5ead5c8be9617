#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/pattern.hpp"
#include "registry/client.hpp"

namespace resource {

/// Which annotations of a manifest and which labels of a configuration become metadata of a get.
struct FieldRules {
  std::optional<base::Pattern> annotations;
  std::optional<base::Pattern> labels;
  bool any() const { return annotations || labels; }
};

/// Reads `annotation_regex` and `label_regex` of `source`; "" chooses nothing, as when absent.
FieldRules parse_field_rules(const base::JsonView& source);

/// What the rules choose by name: annotations, then labels, each sorted by name.
std::vector<std::pair<std::string, std::string>> chosen_fields(const FieldRules& rules,
                                                               const registry::Image& image);

}  // namespace resource
