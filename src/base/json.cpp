#include "base/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace base {
namespace {

using Json = nlohmann::json;

// A number that is not a plain integer is kept as its text, in the one type that JSON text cannot
// produce: `tag: 1.10` must not turn into 1.1.
class TextKeepingParser : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  using Parent = nlohmann::detail::json_sax_dom_parser<Json>;
  explicit TextKeepingParser(Json& result) : Parent(result, false) {}
  bool number_float(Json::number_float_t /*value*/, const std::string& text) {
    Json::binary_t bytes(std::vector<std::uint8_t>(text.begin(), text.end()));
    return Parent::binary(bytes);
  }
};

// Documents deeper than this are attacks; the recursive destructor would run out of stack.
constexpr int maximum_depth = 64;
// Each takes up to 150 bytes, of which the text may have only three.
constexpr size_t most_values = 1'000'000;

/// Where the string ends that begins at `start`.
size_t end_of_string(std::string_view text, size_t start) {
  for (size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] == '"') return i;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

void refuse_attacks(std::string_view text, std::string_view name) {
  int depth = 0;
  size_t values = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') i = end_of_string(text, i);
    if (c == '}' || c == ']') --depth;
    if ((c == '{' || c == '[') && ++depth > maximum_depth) {
      throw Error(cat(name, ": JSON is nested too deeply"));
    }
    if (c == ',' && ++values > most_values) {
      throw Error(cat(name, ": JSON has more than ", with_commas(most_values), " values"));
    }
  }
}

const char* type_of(const Json* value) {
  if (value == nullptr) return "nothing";
  if (value->is_binary() || value->is_number()) return "a number";
  if (value->is_string()) return "a string";
  if (value->is_boolean()) return "true or false";
  if (value->is_object()) return "an object";
  if (value->is_array()) return "a list";
  return "null";
}

}  // namespace

bool JsonView::is_null() const {
  return value_ == nullptr || value_->is_null();
}
bool JsonView::is_blank() const {
  return is_null() || (is_string() && string().empty());
}
bool JsonView::is_empty() const {
  return is_blank() || (value_->is_structured() && value_->empty()) || *value_ == false;
}
bool JsonView::is_object() const {
  return value_ != nullptr && value_->is_object();
}
bool JsonView::is_array() const {
  return value_ != nullptr && value_->is_array();
}
bool JsonView::is_string() const {
  return value_ != nullptr && value_->is_string();
}

void JsonView::refuse(std::string_view expected) const {
  throw Error(cat(path_.empty() ? "the document" : path_, ": expected ", expected, ", got ",
                  type_of(value_)));
}

JsonView JsonView::child(const Json* value, std::string_view key) const {
  return {value, path_.empty() ? std::string(key) : cat(path_, ".", key)};
}

JsonView JsonView::at(std::string_view key) const {
  if (is_null()) return child(nullptr, key);
  if (!value_->is_object()) refuse("an object");
  const auto found = value_->find(std::string(key));
  return child(found == value_->end() ? nullptr : &*found, key);
}

JsonView JsonView::at_ignoring_case(std::string_view key) const {
  JsonView exact = at(key);
  if (exact.value_ != nullptr || is_null()) return exact;
  for (const auto& [name, value] : value_->items()) {
    if (equal_ignoring_case(name, key)) return child(&value, key);
  }
  return exact;
}

size_t JsonView::count_items() const {
  if (is_null()) return 0;
  if (!value_->is_array()) refuse("a list");
  return value_->size();
}

JsonView JsonView::item(size_t index) const {
  return {&(*value_)[index], cat(path_, "[", index, "]")};
}

std::vector<std::pair<const std::string*, const Json*>> JsonView::find_members() const {
  std::vector<std::pair<const std::string*, const Json*>> places;
  if (is_null()) return places;
  if (!value_->is_object()) refuse("an object");
  places.reserve(value_->size());
  for (auto member = value_->begin(); member != value_->end(); ++member) {
    places.emplace_back(&member.key(), &member.value());
  }
  return places;
}

JsonView JsonView::member(const std::string& name, const Json* value) const {
  return child(value, excerpt(name));
}

std::string JsonView::string() const {
  if (value_ == nullptr || !value_->is_string()) refuse("a string");
  return value_->get<std::string>();
}

std::string JsonView::string_or(std::string_view fallback) const {
  return is_null() ? std::string(fallback) : string();
}

std::vector<std::string> JsonView::strings() const {
  std::vector<std::string> texts;
  texts.reserve(count_items());
  for (const JsonView& item : items()) texts.push_back(item.string());
  return texts;
}

bool JsonView::boolean_or(bool fallback) const {
  if (is_null()) return fallback;
  if (!value_->is_boolean()) refuse("true or false");
  return value_->get<bool>();
}

int64_t JsonView::integer() const {
  const bool fits = value_ != nullptr && value_->is_number_integer() &&
                    (!value_->is_number_unsigned() || value_->get<uint64_t>() <= INT64_MAX);
  if (!fits) refuse("a whole number");
  return value_->get<int64_t>();
}

int64_t JsonView::integer_or(int64_t fallback) const {
  return is_null() ? fallback : integer();
}

std::string JsonView::scalar_text() const {
  if (is_null()) return "";
  if (value_->is_string()) return value_->get<std::string>();
  if (value_->is_number_integer()) return value_->dump();
  if (value_->is_binary()) {
    const auto& bytes = value_->get_binary();
    return {bytes.begin(), bytes.end()};
  }
  refuse("a string or a number");
}

void JsonView::allow_only(const std::vector<std::string_view>& known, bool ignore_case) const {
  for (const auto& [name, view] : members()) {
    const bool found = std::any_of(known.begin(), known.end(), [&, &key = name](auto candidate) {
      return ignore_case ? equal_ignoring_case(candidate, key) : candidate == key;
    });
    if (found) continue;
    const std::string guess = nearest(name, known);
    throw Error(cat("unknown key ", printable(view.path()),
                    guess.empty() ? "" : cat(" (did you mean ", guess, "?)")));
  }
}

JsonDocument::JsonDocument() : value_(std::make_unique<Json>()) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonDocument JsonDocument::parse(std::string_view text, std::string_view name) {
  refuse_attacks(text, name);
  JsonDocument document;
  TextKeepingParser parser(*document.value_);
  // The library's own message quotes the text, which may hold a secret.
  if (!Json::sax_parse(text, &parser)) throw Error(cat(name, ": is not valid JSON"));
  return document;
}

void JsonDocument::overlay(const JsonView& to, const JsonView& from,
                           const std::vector<std::string_view>& keys) {
  for (const std::string_view key : keys) {
    const JsonView given = from.at(key);
    if (given.is_blank()) continue;
    if (!to.is_object()) to.refuse("an object");
    erase(to, key);
    const_cast<Json&>(*to.value_)[std::string(key)] = *given.value_;
  }
}

void JsonDocument::erase(const JsonView& object, std::string_view key) {
  if (!object.is_object()) return;
  // Views change nothing, but what they look at is this document's own.
  Json& target = const_cast<Json&>(*object.value_);
  for (auto member = target.begin(); member != target.end();) {
    member = equal_ignoring_case(member.key(), key) ? target.erase(member) : std::next(member);
  }
}

}  // namespace base
