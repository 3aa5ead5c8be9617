#include "base/text.hpp"
#include "http/client.hpp"

namespace http {

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::append_to_last(std::string_view more) {
  if (fields_.empty() || more.empty()) return;
  std::string& value = fields_.back().second;
  base::append_item(value, " ", more);
}

std::optional<std::string> Headers::get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (base::equal_ignoring_case(field, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Headers::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields_) {
    if (base::equal_ignoring_case(field, name)) values.push_back(value);
  }
  return values;
}

}  // namespace http
