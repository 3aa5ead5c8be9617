#include "resource/tag_selection.hpp"

#include <algorithm>
#include <map>

#include "support/catch.hpp"

using resource::TagPattern;
using resource::Tags;
using resource::TagVersions;
using resource::Version;

namespace {

/// A registry by heart: what each tag names, in the order of the list. "gone" is listed but absent.
using Listing = std::vector<std::pair<std::string, std::string>>;

std::string digest_of(const std::string& image) {
  return oci::Digest::of(image).text();
}

struct Registry {
  explicit Registry(Listing listed) : listing(std::move(listed)) {}

  Tags tags() const {
    Tags names;
    for (const auto& [tag, image] : listing) names.push_back(tag);
    return names;
  }

  resource::TagQueries queries() {
    resource::TagQueries queries;
    queries.digests = [this](const Tags& names) {
      std::vector<std::optional<oci::Digest>> digests;
      for (const std::string& name : names) {
        asked.push_back(name);
        const auto found = std::find_if(listing.begin(), listing.end(),
                                        [&](const auto& entry) { return entry.first == name; });
        if (found->second == "gone") {
          digests.emplace_back();
        } else {
          digests.emplace_back(oci::Digest::of(found->second));
        }
      }
      return digests;
    };
    queries.creation_times = [this](const Tags& names) {
      std::vector<base::Timestamp> times;
      for (const std::string& name : names) {
        aged.push_back(name);
        times.push_back({created.at(name), 0});
      }
      return times;
    };
    return queries;
  }

  Listing listing;
  std::map<std::string, int64_t> created;
  Tags asked;
  Tags aged;
};

Tags names(const std::vector<Version>& versions) {
  Tags out;
  for (const Version& version : versions) out.push_back(version.tag);
  return out;
}

/// Selects from every order of a list that a registry may give (all, when it is short), and checks
/// that it makes no difference.
Tags select(const Listing& listing, const TagVersions& rules = {},
            const std::optional<Version>& cursor = {}) {
  Listing order = listing;
  std::sort(order.begin(), order.end());
  std::optional<Tags> first;
  int left = 200;
  do {
    Registry registry(order);
    const auto versions = select_versions(registry.tags(), rules, cursor, registry.queries());
    for (const Version& version : versions) {
      const auto found = std::find_if(order.begin(), order.end(), [&](const auto& entry) {
        return entry.first == version.tag;
      });
      CHECK(version.digest == digest_of(found->second));
    }
    if (!first) first = names(versions);
    CHECK(names(versions) == *first);
  } while (--left > 0 && std::next_permutation(order.begin(), order.end()));
  return *first;
}

Version cursor(const std::string& tag, const std::string& image) {
  return {tag, digest_of(image), ""};
}

TagVersions variant(const std::string& name) {
  TagVersions rules;
  rules.variant = name;
  return rules;
}

TagVersions with_pre_releases(std::vector<std::string> prefixes = {}) {
  TagVersions rules;
  rules.pre_releases = true;
  rules.pre_release_prefixes = std::move(prefixes);
  return rules;
}

TagVersions constrained(const char* constraint) {
  TagVersions rules;
  rules.constraint = oci::Constraint::parse(constraint);
  return rules;
}

const Listing three = {{"1.0.0", "a"}, {"1.2.1", "b"}, {"2.0.0", "c"}};
const Listing six = {{"1.0.0-alpha.1", "a"}, {"1.0.0", "b"},      {"1.2.1-beta.1", "c"},
                     {"1.2.1", "d"},         {"2.0.0-rc.1", "e"}, {"2.0.0", "f"}};

}  // namespace

TEST_CASE("only version numbers and latest are versions, in the order of versions") {
  CHECK(select({}).empty());
  CHECK(select({{"non-semver-tag", "a"}}).empty());
  CHECK(select({{"non-semver-tag", "a"}, {"latest", "b"}}) == Tags{"latest"});
  CHECK(select({{"1.0.0", "a"}, {"non-semver-tag", "b"}}) == Tags{"1.0.0"});
  CHECK(select(three) == Tags{"1.0.0", "1.2.1", "2.0.0"});
  CHECK(select({{"1.9", "a"}, {"1.10", "b"}, {"v1.8", "c"}}) == Tags{"v1.8", "1.9", "1.10"});
}

TEST_CASE("a cursor that still stands is the oldest version") {
  CHECK(select(three, {}, cursor("1.2.1", "b")) == Tags{"1.2.1", "2.0.0"});
  CHECK(select(three, {}, cursor("2.0.0", "c")) == Tags{"2.0.0"});
  // Less exact names of the cursor's own version are not newer.
  CHECK(select({{"1.2.0", "a"}, {"1.2", "b"}, {"1.3", "c"}}, {}, cursor("1.2.0", "a")) ==
        Tags{"1.2.0", "1.3"});
}

TEST_CASE("a cursor that does not stand any more is none, and its digest is not returned") {
  const Tags all = {"1.0.0", "1.2.1", "2.0.0"};
  CHECK(select(three, {}, Version{"1.2.1", "bogus", ""}) == all);
  CHECK(select(three, {}, cursor("1.2.1", "c")) == all);
  CHECK(select(three, {}, cursor("1.5.0", "b")) == all);
  CHECK(select(three, {}, Version{"", "", ""}) == all);
  CHECK(select(three, constrained("!=1.2.1"), cursor("1.2.1", "b")) == Tags{"1.0.0", "2.0.0"});
  CHECK(select({{"1", "a"}, {"2", "gone"}, {"3", "c"}}, {}, cursor("2", "b")) == Tags{"1", "3"});
  CHECK(select({{"1", "a"}, {"latest", "b"}}, {}, cursor("latest", "b")) == Tags{"1", "latest"});
}

TEST_CASE("with a cursor nothing is asked that cannot matter") {
  Registry registry({{"0.9", "x"}, {"1.0.0", "a"}, {"1.2.1", "b"}, {"2.0.0", "c"}, {"other", "d"}});
  select_versions(registry.tags(), {}, cursor("1.2.1", "b"), registry.queries());
  CHECK(registry.asked == Tags{"1.2.1", "2.0.0"});
}

TEST_CASE("what the rules leave out is not asked for") {
  Registry registry({{"1.0.0", "a"}, {"1.2.1", "b"}, {"2-rc", "c"}, {"x", "d"}, {"latest", "e"}});
  select_versions(registry.tags(), constrained("1.2.x"), {}, registry.queries());
  CHECK(registry.asked == Tags{"1.2.1"});
}

TEST_CASE("a constraint rules out the tag whose version nobody knows") {
  CHECK(select({{"1.0.0", "a"},
                {"1.2.1", "b"},
                {"1.2.2", "c"},
                {"v1.2.3", "d"},
                {"2.0.0", "e"},
                {"latest", "f"}},
               constrained("1.2.x")) == Tags{"1.2.1", "1.2.2", "v1.2.3"});
}

TEST_CASE("pre-releases are versions only where that is asked for") {
  CHECK(select(six) == Tags{"1.0.0", "1.2.1", "2.0.0"});
  CHECK(select(six, with_pre_releases()) ==
        Tags{"1.0.0-alpha.1", "1.0.0", "1.2.1-beta.1", "1.2.1", "2.0.0-rc.1", "2.0.0"});
  TagVersions both = with_pre_releases();
  both.constraint = oci::Constraint::parse(">= 1.2");
  CHECK(select(six, both) == Tags{"1.2.1", "2.0.0"});
  both.constraint = oci::Constraint::parse(">= 1.2-0");
  CHECK(select(six, both) == Tags{"1.2.1-beta.1", "1.2.1", "2.0.0-rc.1", "2.0.0"});
}

TEST_CASE("a pre-release is told from a variant by how it begins") {
  const TagVersions rules = with_pre_releases();
  CHECK(select({{"1.0.0-alpha.1", "a"},
                {"1.0.0-beta.1", "b"},
                {"1.0.0-rc.1", "c"},
                {"1.0.0-foo.1", "d"}},
               rules) == Tags{"1.0.0-alpha.1", "1.0.0-beta.1", "1.0.0-rc.1"});
  CHECK(select({{"1-alpha1", "a"},
                {"1-alpha2", "b"},
                {"1-beta1", "c"},
                {"1-beta2", "d"},
                {"1-rc1", "e"},
                {"1-rc2", "f"},
                {"1-foo1", "g"},
                {"1-foo2", "h"}},
               rules) == Tags{"1-alpha1", "1-alpha2", "1-beta1", "1-beta2", "1-rc1", "1-rc2"});
  CHECK(select({{"1.0.0-alpha", "a"}, {"1.0.0-beta", "b"}, {"1.0.0-rc", "c"}, {"1.0.0-foo", "d"}},
               rules) == Tags{"1.0.0-alpha", "1.0.0-beta", "1.0.0-rc"});
}

TEST_CASE("prefixes add kinds of pre-releases and let them have dashes") {
  const Listing listing = {{"1.0.0-build.1", "a"},
                           {"1.0.0-build.2-x86", "b"},
                           {"1.0.0-rc.1-x86", "c"},
                           {"1.0.0-other", "d"},
                           {"1.0.0", "e"}};
  CHECK(select(listing, with_pre_releases({"build"})) ==
        Tags{"1.0.0-build.1", "1.0.0-build.2-x86", "1.0.0-rc.1-x86", "1.0.0"});
  CHECK(select(listing, with_pre_releases()) == Tags{"1.0.0"});
  TagVersions only_prefixes;
  only_prefixes.pre_release_prefixes = {"build"};
  CHECK(select(listing, only_prefixes) == Tags{"1.0.0"});
}

TEST_CASE("an image with several versions is reported by the best of them") {
  CHECK(select({{"1.0.0-rc.1", "a"}, {"1.0.0-rc1", "a"}, {"1.0.0-rc", "a"}, {"1.0.0", "a"}},
               with_pre_releases()) == Tags{"1.0.0"});
  CHECK(select({{"1", "a"},
                {"2", "b"},
                {"2.1", "b"},
                {"latest", "c"},
                {"3", "c"},
                {"3.2", "c"},
                {"3.2.1", "c"},
                {"3.1", "d"},
                {"3.1.0", "d"},
                {"3.0", "e"},
                {"3.0.0", "e"}}) == Tags{"1", "2.1", "3.0.0", "3.1.0", "3.2.1"});
  CHECK(select({{"1.0.0", "a"}, {"1.0.1", "a"}}) == Tags{"1.0.0"});
  // A cursor stays itself, lest the version we have should seem to vanish.
  CHECK(select({{"1.0.0", "a"}, {"1.0.1", "a"}}, {}, cursor("1.0.1", "a")) == Tags{"1.0.1"});
  CHECK(select({{"1.2", "a"}, {"1.2.3", "a"}}, {}, cursor("1.2", "a")) == Tags{"1.2.3"});
}

TEST_CASE("equal versions of different images have one order") {
  CHECK(select({{"1.2.0", "a"}, {"1.2", "b"}, {"v1.2.0", "c"}, {"v1.2", "d"}}) ==
        Tags{"1.2", "v1.2", "1.2.0", "v1.2.0"});
}

TEST_CASE("latest is the newest version unless it is one of the others") {
  CHECK(select({{"1.0.0", "a"}, {"other", "b"}, {"latest", "c"}}) == Tags{"1.0.0", "latest"});
  CHECK(select({{"1", "a"}, {"2", "b"}, {"3", "c"}, {"latest", "c"}}) == Tags{"1", "2", "3"});
  CHECK(select({{"1", "a"}, {"2", "b"}, {"latest", "b"}, {"3", "c"}}) == Tags{"1", "2", "3"});
}

TEST_CASE("latest of an older version is not reported as new behind a cursor") {
  Listing listing = {{"1", "a"}, {"2", "b"}, {"latest", "b"}, {"3", "c"}, {"4", "d"}};
  CHECK(select(listing, {}, cursor("3", "c")) == Tags{"3", "4"});
  listing[2].second = "unique";
  CHECK(select(listing, {}, cursor("3", "c")) == Tags{"3", "4", "latest"});
  for (int i = 0; i < 100; ++i) listing.emplace_back("0." + std::to_string(i), std::to_string(i));
  listing[2].second = "7";
  CHECK(select(listing, {}, cursor("3", "c")) == Tags{"3", "4"});
}

TEST_CASE("a search among older versions begins with the newest and ends when it has found") {
  Registry registry({{"latest", "a39"}, {"41", "new"}});
  for (int i = 0; i <= 40; ++i)
    registry.listing.emplace_back(std::to_string(i), "a" + std::to_string(i));
  select_versions(registry.tags(), {}, cursor("40", "a40"), registry.queries());
  CHECK(registry.asked ==
        Tags{"40", "41", "latest", "39", "38", "37", "36", "35", "34", "33", "32"});
}

TEST_CASE("a tag that is listed and does not exist is no version") {
  CHECK(select({{"latest", "gone"}}).empty());
  CHECK(select({{"1", "a"}, {"2", "gone"}, {"latest", "gone"}}) == Tags{"1"});
}

TEST_CASE("a variant has versions and a bare tag of its own") {
  const Listing listing = {{"latest", "a"}, {"1.0.0", "a"},     {"0.9.0", "b"},
                           {"foo", "c"},    {"1.0.0-foo", "c"}, {"0.9.0-foo", "d"},
                           {"bar", "e"},    {"1.0.0-bar", "e"}, {"0.9.0-bar", "f"}};
  CHECK(select(listing, variant("foo")) == Tags{"0.9.0-foo", "1.0.0-foo"});
  CHECK(select({{"latest", "a"},
                {"1.0.0", "a"},
                {"foo", "c"},
                {"0.8.0-foo", "d"},
                {"bar", "e"},
                {"1.0.0-bar", "e"}},
               variant("foo")) == Tags{"0.8.0-foo", "foo"});
  TagVersions rules = with_pre_releases();
  rules.variant = "foo";
  CHECK(select({{"1-foo", "a"},
                {"1-rc.1-foo", "b"},
                {"1-alpha.1-foo", "c"},
                {"1-beta.1-foo", "d"},
                {"1-bar-foo", "e"},
                {"1-rc.1-bar-foo", "f"},
                {"1-alpha.1-bar-foo", "g"}},
               rules) == Tags{"1-alpha.1-foo", "1-beta.1-foo", "1-rc.1-foo", "1-foo"});
}

TEST_CASE("tags that match a pattern keep the registry's order and repetitions") {
  Registry registry({{"1.0", "a"},
                     {"3bd8a5e-dev", "b"},
                     {"3bd8a5e-stage", "c"},
                     {"zz", "d"},
                     {"67e3c33-dev", "b"},
                     {"0000000-dev", "gone"}});
  const TagPattern rules{base::Pattern("^[0-9a-f]{7}-dev$"), TagPattern::Order::as_listed};
  CHECK(names(select_matches(registry.tags(), rules, registry.queries())) ==
        Tags{"3bd8a5e-dev", "67e3c33-dev"});
  CHECK(registry.asked == Tags{"3bd8a5e-dev", "67e3c33-dev", "0000000-dev"});
  CHECK(registry.aged.empty());
}

TEST_CASE("tags sorted by creation ask once for the age of each image") {
  Registry registry(
      {{"gem-1", "a"}, {"gem-2", "b"}, {"gem-3", "c"}, {"gem-4", "a"}, {"gem-5", "d"}});
  registry.created = {{"gem-1", 50}, {"gem-2", 10}, {"gem-3", 10}, {"gem-5", 1}};
  const TagPattern rules{base::Pattern("gem"), TagPattern::Order::by_creation};
  CHECK(names(select_matches(registry.tags(), rules, registry.queries())) ==
        Tags{"gem-5", "gem-2", "gem-3", "gem-1", "gem-4"});
  CHECK(registry.aged == Tags{"gem-1", "gem-2", "gem-3", "gem-5"});
}

TEST_CASE("one image has nothing to be sorted against") {
  Registry registry({{"gem-2", "a"}, {"gem-1", "a"}, {"other", "b"}});
  const TagPattern rules{base::Pattern("gem"), TagPattern::Order::by_creation};
  CHECK(names(select_matches(registry.tags(), rules, registry.queries())) ==
        Tags{"gem-1", "gem-2"});
  CHECK(registry.aged.empty());
}
