#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/made_range.hpp"

namespace base {

/// A value in a JSON document that knows its own path, so that errors can name it. A missing member
/// is a view too; it counts as null. Errors show types, never values: those may be secrets.
class JsonView {
 public:
  /// Where the value stands: "source.platform.os".
  const std::string& path() const { return path_; }
  bool is_null() const;
  /// null or "", as of a variable that says nothing.
  bool is_blank() const;
  /// Also false, [] and {}.
  bool is_empty() const;
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;

  /// The member called `key` of an object or null.
  JsonView at(std::string_view key) const;
  /// The same with ASCII letters compared regardless of case; an exact match comes first.
  JsonView at_ignoring_case(std::string_view key) const;
  /// Elements of an array; null counts as an empty one. A range of views that are made while it is
  /// gone through: a list of millions costs no more than a short one.
  auto items() const {
    return MadeRange(count_items(), [list = *this](size_t index) { return list.item(index); });
  }
  /// Names and values of an object, sorted by name; null counts as an empty one. Such a range, too.
  auto members() const {
    auto places = find_members();
    const size_t count = places.size();
    return MadeRange(count, [object = *this, places = std::move(places)](size_t index) {
      const auto [name, value] = places[index];
      return std::pair<const std::string&, JsonView>(*name, object.member(*name, value));
    });
  }

  std::string string() const;
  std::string string_or(std::string_view fallback) const;  ///< `fallback` when null.
  std::vector<std::string> strings() const;                ///< Null counts as an empty array.
  bool boolean_or(bool fallback) const;
  int64_t integer() const;
  int64_t integer_or(int64_t fallback) const;
  /// A string, or the text of a number exactly as it stands in the document; "" when null.
  std::string scalar_text() const;

  /// Refuses members that are not in `known` with the path and the nearest known name. Fits an
  /// object or null. Keys are compared regardless of case when `ignore_case` is true.
  void allow_only(const std::vector<std::string_view>& known, bool ignore_case = false) const;

  /// Throws an Error "<path>: expected <what>, got <type>".
  [[noreturn]] void refuse(std::string_view expected) const;

 private:
  friend class JsonDocument;
  JsonView(const nlohmann::json* value, std::string path) : value_(value), path_(std::move(path)) {}
  JsonView child(const nlohmann::json* value, std::string_view key) const;
  size_t count_items() const;
  JsonView item(size_t index) const;
  std::vector<std::pair<const std::string*, const nlohmann::json*>> find_members() const;
  JsonView member(const std::string& name, const nlohmann::json* value) const;

  const nlohmann::json* value_;
  std::string path_;
};

/// A parsed JSON text (RFC 8259); owns what its views look at.
class JsonDocument {
 public:
  /// Parses one JSON value; `name` is what the text is called in errors.
  static JsonDocument parse(std::string_view text, std::string_view name);
  JsonDocument(JsonDocument&&) noexcept;
  ~JsonDocument();

  /// The whole document; its path is empty or, if given, `path`.
  JsonView root(std::string path = "") const { return {value_.get(), std::move(path)}; }

  /// Puts those members of `from` that `keys` names, unless they are null or "", over the members
  /// of `to`, whose keys may differ in case. Both are objects of this document. No view of a member
  /// of `to` may be used afterwards.
  void overlay(const JsonView& to, const JsonView& from, const std::vector<std::string_view>& keys);
  /// Removes a member, whose key may differ in case, from an object of this document. No view of it
  /// may be used afterwards.
  void erase(const JsonView& object, std::string_view key);

 private:
  JsonDocument();
  std::unique_ptr<nlohmann::json> value_;
};

}  // namespace base
