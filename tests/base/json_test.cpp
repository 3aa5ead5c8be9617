#include "base/json.hpp"

#include <malloc.h>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using base::JsonDocument;
using base::JsonView;

namespace {

JsonDocument parse(std::string_view text) {
  return JsonDocument::parse(text, "the text");
}

/// What scalar_text() makes of one JSON value.
std::string scalar(std::string_view json) {
  return parse(json).root().scalar_text();
}

/// The error that `read` ends in for the document {"s": {"k": `value`}}.
template <class Read>
std::string error_for(const std::string& value, Read read) {
  const JsonDocument document = parse(R"({"s":{"k":)" + value + "}}");
  return message_of([&] { read(document.root().at("s").at("k")); });
}

/// Bytes that were asked for and not given back; 0 where a sanitizer has its own memory.
size_t memory_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

TEST_CASE("numbers keep their text: a tag 1.10 is not 1.1") {
  for (const char* text :
       {"1.10", "20240102030405060708091", "0", "-7", "1e3", "1E+3", "3.0", "18446744073709551615",
        "-9223372036854775808", "1.0000000000000000001", "0.1"}) {
    CHECK(scalar(text) == text);
  }
  CHECK(scalar(R"("1.10")") == "1.10");
  CHECK(scalar("null").empty());
}

TEST_CASE("numbers keep their text at every depth") {
  const JsonDocument document = parse(R"({"a":[{"tag":1.10},{"tag":2.50}]})");
  const auto items = document.root().at("a").items();
  REQUIRE(items.size() == 2);
  CHECK(items[0].at("tag").scalar_text() == "1.10");
  CHECK(items[1].at("tag").scalar_text() == "2.50");
}

TEST_CASE("errors name the path and the types, never the value") {
  const std::string secret = R"("hunter2")";
  CHECK(error_for(secret, [](auto v) { v.boolean_or(true); }) ==
        "s.k: expected true or false, got a string");
  CHECK(error_for(secret, [](auto v) { v.integer(); }) ==
        "s.k: expected a whole number, got a string");
  CHECK(error_for(secret, [](auto v) { v.at("x"); }) == "s.k: expected an object, got a string");
  CHECK(error_for(secret, [](auto v) { v.items(); }) == "s.k: expected a list, got a string");
  CHECK(error_for(secret, [](auto v) { v.members(); }) == "s.k: expected an object, got a string");
  CHECK(error_for("31337", [](auto v) { v.string(); }) == "s.k: expected a string, got a number");
  CHECK(error_for("313.37", [](auto v) { v.string(); }) == "s.k: expected a string, got a number");
  CHECK(error_for("[1]", [](auto v) { v.string(); }) == "s.k: expected a string, got a list");
  CHECK(error_for("{}", [](auto v) { v.scalar_text(); }) ==
        "s.k: expected a string or a number, got an object");
  CHECK(error_for("true", [](auto v) { v.scalar_text(); }) ==
        "s.k: expected a string or a number, got true or false");
  CHECK(error_for("null", [](auto v) { v.string(); }) == "s.k: expected a string, got null");
  CHECK(error_for("1", [](auto v) { v.refuse("a platform"); }) ==
        "s.k: expected a platform, got a number");
  CHECK(error_for(R"(["a",{"b":7}])", [](auto v) { v.items()[1].at("b").string(); }) ==
        "s.k[1].b: expected a string, got a number");
  CHECK(error_for(R"(["a",7])", [](auto v) { v.strings(); }) ==
        "s.k[1]: expected a string, got a number");
  CHECK(message_of([] { parse("[]").root().at("x"); }) ==
        "the document: expected an object, got a list");
  CHECK(message_of([] { parse("{}").root("file").at("x").string(); }) ==
        "file.x: expected a string, got nothing");
}

TEST_CASE("broken JSON is refused without quoting it") {
  for (const char* text :
       {"", " ", "{", R"({"password":"hunter2)", R"({"password":"hunter2",})", R"({"a":1} hunter2)",
        "\"hunter2\xff\"", "nul", "01", "[1,]", "]", "{'a':1}", R"("\ud800")"}) {
    CHECK(message_of([&] { parse(text); }) == "the text: is not valid JSON");
  }
}

TEST_CASE("deep nesting is refused before it exhausts the stack") {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse(nested(64)).root().is_array());
  CHECK(message_of([&] { parse(nested(65)); }) == "the text: JSON is nested too deeply");
  CHECK_THROWS_AS(parse(std::string(10'000'000, '[')), base::Error);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  CHECK_THROWS_AS(parse(objects), base::Error);
  // Brackets inside strings do not count, an escaped quote does not end a string.
  CHECK(parse("\"" + std::string(1000, '[') + "\"").root().is_string());
  CHECK(parse(R"("\")" + std::string(1000, '{') + "\"").root().is_string());
}

TEST_CASE("unknown keys are named with their path and the nearest known name") {
  const JsonDocument document = parse(R"({"source":{"repositry":"hunter2"}})");
  const JsonView source = document.root().at("source");
  CHECK(message_of([&] {
          source.allow_only({"repository", "tag"});
        }) == "unknown key source.repositry (did you mean repository?)");
  CHECK(message_of([&] { source.allow_only({"tag"}); }) == "unknown key source.repositry");
  CHECK(message_of([&] { source.allow_only({"repositry"}); }).empty());
  CHECK(message_of([&] { source.at("absent").allow_only({"x"}); }).empty());
  const JsonDocument control = parse(R"({"a\u001b[31m":1})");
  CHECK(message_of([&] { control.root().allow_only({"x"}); }) == "unknown key a\\x1b[31m");
}

TEST_CASE("keys match regardless of case only where asked for") {
  const JsonDocument document = parse(R"({"Source":1,"tag":2,"TAG":3})");
  const JsonView root = document.root();
  CHECK(root.at("source").is_null());
  CHECK(root.at_ignoring_case("source").integer() == 1);
  CHECK(root.at_ignoring_case("source").path() == "source");
  CHECK(root.at_ignoring_case("tag").integer() == 2);
  CHECK(root.at_ignoring_case("TAG").integer() == 3);
  CHECK(root.at_ignoring_case("Tag").integer() >= 2);
  CHECK(root.at_ignoring_case("other").is_null());
  CHECK(message_of([&] { root.allow_only({"source", "tag"}, true); }).empty());
  CHECK(message_of([&] {
          root.allow_only({"source", "tag"});
        }) == "unknown key Source (did you mean source?)");
}

TEST_CASE("what is absent and what is null read alike") {
  const JsonDocument document = parse(R"({"n":null})");
  for (const char* key : {"n", "absent"}) {
    const JsonView view = document.root().at(key);
    CHECK(view.is_null());
    CHECK(view.string_or("fallback") == "fallback");
    CHECK(view.boolean_or(true));
    CHECK(view.integer_or(5) == 5);
    CHECK(view.items().empty());
    CHECK(view.members().empty());
    CHECK(view.strings().empty());
    CHECK(view.at("deeper").at("still").is_null());
    CHECK(view.at("deeper").path() == std::string(key) + ".deeper");
  }
}

TEST_CASE("whole numbers that do not fit are refused") {
  CHECK(parse("9223372036854775807").root().integer() == INT64_MAX);
  CHECK(parse("-9223372036854775808").root().integer() == INT64_MIN);
  CHECK_THROWS_AS(parse("9223372036854775808").root().integer(), base::Error);
  CHECK_THROWS_AS(parse("99999999999999999999999").root().integer(), base::Error);
  CHECK_THROWS_AS(parse("1.5").root().integer(), base::Error);
  CHECK_THROWS_AS(parse("1.0").root().integer(), base::Error);
}

TEST_CASE("a document can move while views are made from it later") {
  JsonDocument first = parse(R"({"a":["x","y"]})");
  const JsonDocument second = std::move(first);
  CHECK(second.root().at("a").strings() == std::vector<std::string>{"x", "y"});
  const auto members = second.root().members();
  REQUIRE(members.size() == 1);
  CHECK(members[0].first == "a");
  CHECK(members[0].second.path() == "a");
}

TEST_CASE("a text of endless small values is refused before each takes its memory") {
  std::string text = "[\",,,\"";
  for (int i = 1; i < 1'000'000; ++i) text += ",0";
  CHECK(parse(text + "]").root().items().size() == 1'000'000);
  CHECK(message_of([&] { parse(text + ",0]"); }) ==
        "the text: JSON has more than 1,000,000 values");
}

TEST_CASE("a list of endless elements does not take memory once more for each way to its end") {
  std::string text = "[0";
  for (int i = 1; i < 100'000; ++i) text += ",0";
  const JsonDocument document = parse(text + "]");
  const JsonView list = document.root("a document whose name has some letters");
  const size_t before = memory_in_use();
  const auto items = list.items();
  REQUIRE(items.size() == 100'000);
  CHECK(items[99'999].integer() == 0);
  CHECK(memory_in_use() < before + 10'000);
}

TEST_CASE("the members of a large object do not bring their paths with them") {
  std::string text = R"({"name0":0)";
  for (int i = 1; i < 10'000; ++i) text += ",\"name" + std::to_string(i) + "\":0";
  const JsonDocument document = parse(text + "}");
  const JsonView object = document.root("a document whose name has some letters");
  const size_t before = memory_in_use();
  const auto members = object.members();
  REQUIRE(members.size() == 10'000);
  CHECK(memory_in_use() < before + 400'000);
}
