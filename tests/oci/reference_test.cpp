#include "oci/reference.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using oci::Reference;

namespace {

const std::string hex64(64, 'a');

struct Case {
  std::string text, registry, repository, tag;
};

}  // namespace

TEST_CASE("image names mean what the container tools take them for") {
  const Case example = GENERATE(
      Case{"ubuntu", "docker.io", "library/ubuntu", ""},
      Case{"ubuntu:22.04", "docker.io", "library/ubuntu", "22.04"},
      Case{"foo/bar", "docker.io", "foo/bar", ""},
      Case{"docker.io/ubuntu", "docker.io", "library/ubuntu", ""},
      Case{"index.docker.io/ubuntu", "docker.io", "library/ubuntu", ""},
      Case{"registry-1.docker.io/ubuntu", "docker.io", "library/ubuntu", ""},
      Case{"index.docker.io/foo/bar", "docker.io", "foo/bar", ""},
      Case{"localhost/foo", "localhost", "foo", ""},
      Case{"localhost:5000/foo", "localhost:5000", "foo", ""},
      Case{"docker_registry:5000/foo", "docker_registry:5000", "foo", ""},
      Case{"foo:5000", "docker.io", "library/foo", "5000"},
      Case{"foo:65535/bar", "foo:65535", "bar", ""}, Case{"foo:5000/bar", "foo:5000", "bar", ""},
      Case{"foo.io/bar:x", "foo.io", "bar", "x"}, Case{"Foo/bar", "Foo", "bar", ""},
      Case{"[::1]:5000/a", "[::1]:5000", "a", ""},
      Case{"[2001:db8::1]/a", "[2001:db8::1]", "a", ""},
      Case{"r.io/a/b__c/d--e.f:_T.1-x", "r.io", "a/b__c/d--e.f", "_T.1-x"});
  CAPTURE(example.text);
  const Reference reference = Reference::parse(example.text);
  CHECK(reference.registry == example.registry);
  CHECK(reference.repository == example.repository);
  CHECK(reference.tag == example.tag);
  CHECK_FALSE(reference.digest);
}

TEST_CASE("a name may carry tag and digest") {
  const Reference reference = Reference::parse("r.io/i:tag@sha256:" + hex64);
  CHECK(reference.tag == "tag");
  REQUIRE(reference.digest);
  CHECK(reference.digest->hex() == hex64);
  CHECK(reference.name() == "r.io/i");
}

TEST_CASE("Docker Hub is talked to at its own host") {
  CHECK(Reference::parse("ubuntu").wire_host() == "registry-1.docker.io");
  CHECK(Reference::parse("ubuntu").name() == "docker.io/library/ubuntu");
  CHECK(Reference::parse("r.io:1/a").wire_host() == "r.io:1");
}

TEST_CASE("names that could escape into another path or host are refused") {
  const std::string text = GENERATE(
      std::string(""), std::string("Ubuntu"), std::string("foo/Bar"), std::string("https://r.io/a"),
      std::string("r.io/"), std::string("/a"), std::string("a//b"), std::string("a/"),
      std::string("a/../b"), std::string("r.io/.."), std::string("-a"), std::string(".a"),
      std::string("a-"), std::string("a___b"), std::string("a._b"), std::string("a b"),
      std::string("a?b"), std::string("a#b"), std::string("a%2fb"), std::string("a:"),
      std::string("a:-x"), std::string("a:x y"), "a:" + std::string(129, 'x'), std::string("a@"),
      std::string("a@sha256:abc"), "a@md5:" + hex64, "a@sha256:" + hex64 + "0", hex64,
      std::string(256, 'a'), std::string("r.io:x/a"), std::string("r.io:/a"),
      std::string("r..io/a"), std::string("-r.io/a"), std::string("r-.io/a"),
      std::string("r.io%2fx/a"), std::string("r.io\\x/a"), std::string("r .io/a"),
      std::string("r.io:123456/a"), std::string("[::1]5/a"), std::string("[::1]@r.io/a"),
      std::string("user@r.io/a"), std::string("[::1/a"), std::string("[]:1/a"),
      std::string("[fe80::1%25eth0]/a"), std::string("a\n"),
      std::string("r.io:5000"
                  "/"));
  CAPTURE(text);
  CHECK_THROWS_AS(Reference::parse(text), base::Error);
}

TEST_CASE("tags are told from other text") {
  CHECK(oci::is_valid_tag("1.2-rc_3"));
  CHECK(oci::is_valid_tag("_"));
  CHECK(oci::is_valid_tag(std::string(128, 'x')));
  for (const char* text : {"", ".x", "-x", "a/b", "a b", "..", "a\n", "\xc3\xa4"}) {
    CAPTURE(text);
    CHECK_FALSE(oci::is_valid_tag(text));
  }
}
