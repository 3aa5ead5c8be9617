#include "base/pattern.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using base::Pattern;

TEST_CASE("a pattern is found anywhere in a text") {
  CHECK(Pattern("gr(a|e)y").found_in("dark-grey-2"));
  CHECK_FALSE(Pattern("gr(a|e)y").found_in("groy"));
  CHECK(Pattern("").found_in(""));
  CHECK(Pattern("").found_in("anything"));
}

TEST_CASE("anchors and classes keep to RE2, as pipelines written for it expect") {
  const Pattern pattern("^[0-9a-f]{7}-dev$");
  CHECK(pattern.found_in("3bd8a5e-dev"));
  CHECK_FALSE(pattern.found_in("x3bd8a5e-dev"));
  CHECK_FALSE(pattern.found_in("3bd8a5e-dev\n"));
  CHECK(Pattern("(?i)RC\\d+\\b").found_in("1.0-rc12"));
  CHECK(Pattern("(?P<major>\\d+)\\.\\d").found_in("1.2"));
}

TEST_CASE("a pattern that is no pattern is refused with the reason") {
  for (const char* text : {"(", "[a", "*", "a{2,1}", "(?=a)", "\\1", "\xFF"}) {
    INFO(text);
    CHECK_THROWS_AS(Pattern(text), base::Error);
  }
}

TEST_CASE("a pattern made to be slow is not slow") {
  CHECK_FALSE(Pattern("(a*)*(a*)*b$").found_in(std::string(20000, 'a')));
}
