#include "resource/tag_rules.hpp"

#include "support/catch.hpp"
#include "support/message_of.hpp"

using resource::SingleTag;
using resource::TagPattern;
using resource::TagRules;
using resource::TagVersions;

namespace {

TagRules parse(const std::string& json) {
  const auto document = base::JsonDocument::parse(json, "source");
  return resource::parse_tag_rules(document.root("source"));
}

std::string refusal(const std::string& json) {
  return message_of([&] { parse(json); });
}

}  // namespace

TEST_CASE("tag comes before tag_regex, and tag_regex before version numbers") {
  CHECK(std::holds_alternative<SingleTag>(parse(R"({"tag":"1","tag_regex":"x","variant":"y"})")));
  CHECK(std::holds_alternative<SingleTag>(parse(R"({"TAG":7})")));
  CHECK(std::holds_alternative<TagPattern>(parse(R"({"tag":"","tag_regex":"x","variant":"y"})")));
  CHECK(std::holds_alternative<TagVersions>(parse("{}")));
  CHECK(std::holds_alternative<TagVersions>(
      parse(R"({"tag":"","tag_regex":"","semver_constraint":"","pre_release_prefixes":null,
                "variant":"","created_at_sort":false,"pre_releases":false})")));
}

TEST_CASE("every key of the rules is read") {
  const auto pattern = std::get<TagPattern>(parse(R"({"tag_regex":"^a","created_at_sort":true})"));
  CHECK(pattern.pattern.found_in("ab"));
  CHECK(pattern.order == TagPattern::Order::by_creation);
  const auto versions = std::get<TagVersions>(
      parse(R"({"variant":"alpine","pre_releases":true,"pre_release_prefixes":["build","dev"],
                "semver_constraint":"1.2.x"})"));
  CHECK(versions.variant == "alpine");
  CHECK(versions.pre_releases);
  CHECK(versions.pre_release_prefixes == std::vector<std::string>{"build", "dev"});
  CHECK(versions.constraint->admits(*oci::Semver::parse("1.2.9")));
  CHECK_FALSE(versions.constraint->admits(*oci::Semver::parse("1.3.0")));
  // YAML makes a number of it.
  CHECK(std::get<TagVersions>(parse(R"({"semver_constraint":1.2})")).constraint.has_value());
}

TEST_CASE("the image of a source without tag has the name of the newest") {
  CHECK(resource::default_tag(parse("{}")) == "latest");
  CHECK(resource::default_tag(parse(R"({"variant":"alpine"})")) == "alpine");
  CHECK(resource::default_tag(parse(R"({"tag_regex":"x"})")) == "latest");
}

TEST_CASE("rules that cannot be followed are refused by their key") {
  for (const auto& [json, key] : std::vector<std::pair<const char*, const char*>>{
           {R"({"tag_regex":"("})", "source.tag_regex"},
           {R"({"tag_regex":["a"]})", "source.tag_regex"},
           {R"({"tag_regex":"a","created_at_sort":"yes"})", "source.created_at_sort"},
           {R"({"semver_constraint":"newest"})", "source.semver_constraint"},
           {R"({"variant":"a/b"})", "source.variant"},
           {R"({"pre_releases":"yes"})", "source.pre_releases"},
           {R"({"pre_release_prefixes":"rc"})", "source.pre_release_prefixes"}}) {
    INFO(json);
    CHECK(refusal(json).find(key) != std::string::npos);
  }
}
