#include "oci/semver.hpp"

#include <vector>

#include "support/catch.hpp"

using oci::Semver;

namespace {

/// Normal form of what was read; "" for what is not a version.
std::string read(std::string_view text) {
  const auto version = Semver::parse(text);
  if (!version) return "";
  const auto& [major, minor, patch] = version->numbers;
  const std::string numbers =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  return version->is_final() ? numbers : numbers + "-" + version->pre_release;
}

}  // namespace

TEST_CASE("versions are read as tags spell them") {
  CHECK(read("1.2.3") == "1.2.3");
  CHECK(read("v1.2.3") == "1.2.3");
  CHECK(read("1") == "1.0.0");
  CHECK(read("1.2") == "1.2.0");
  CHECK(read("01.002.0003") == "1.2.3");
  CHECK(read("20240131") == "20240131.0.0");
  CHECK(read("18446744073709551615.0.0") == "18446744073709551615.0.0");
  CHECK(read("1.2.3-rc.1") == "1.2.3-rc.1");
  CHECK(read("1-alpine3.19") == "1.0.0-alpine3.19");
  CHECK(read("1.2.3-a-b.0") == "1.2.3-a-b.0");
  CHECK(read("1.2.3+build.007") == "1.2.3");
  CHECK(read("1.2.3-rc1+build") == "1.2.3-rc1");
}

TEST_CASE("what is not a version is not taken for one") {
  for (const char* text : {"",
                           "v",
                           "latest",
                           "V1",
                           "vv1",
                           "1.",
                           ".1",
                           "1..2",
                           "1.2.3.4",
                           "1.2.x",
                           "a1",
                           "1a",
                           " 1",
                           "1 ",
                           "1_2",
                           "-1",
                           "1-",
                           "1.2.3-",
                           "1.2.3-rc..1",
                           "1.2.3-rc.01",
                           "1.2.3-01",
                           "1.2.3-rc_1",
                           "1+",
                           "1.2.3+a..b",
                           "1.2.3+a+b",
                           "18446744073709551616",
                           "3bd8a5e-dev"}) {
    INFO(text);
    CHECK(read(text).empty());
  }
  CHECK(read(std::string(300, '1')).empty());
  CHECK(read("1.0.0-" + std::string(300, 'a')).empty());
}

TEST_CASE("every version comes before the next one, pre-releases before their final version") {
  const std::vector<std::string> ascending = {"0.0.0-0",
                                              "0.0.0",
                                              "0.0.1",
                                              "0.9.0",
                                              "0.10.0",
                                              "1.0.0-0",
                                              "1.0.0-2",
                                              "1.0.0-10",
                                              "1.0.0-alpha",
                                              "1.0.0-alpha.1",
                                              "1.0.0-alpha.beta",
                                              "1.0.0-beta",
                                              "1.0.0-beta.2",
                                              "1.0.0-beta.11",
                                              "1.0.0-rc.1",
                                              "1.0.0-rc1",
                                              "1.0.0",
                                              "1.0.1-rc",
                                              "1.1.0",
                                              "2.0.0",
                                              "10.0.0",
                                              "10.0.1-20250101000000000000000",
                                              "10.0.1-100000000000000000000000000"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      INFO(ascending[i] << " and " << ascending[j]);
      CHECK((*Semver::parse(ascending[i]) <=> *Semver::parse(ascending[j])) == (i <=> j));
    }
  }
}

TEST_CASE("spelling makes no difference to the order") {
  CHECK(*Semver::parse("1.2") == *Semver::parse("v1.2.0"));
  CHECK(*Semver::parse("01") == *Semver::parse("1.0.0+build.5"));
}
