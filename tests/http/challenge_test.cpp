#include "http/client.hpp"
#include "support/catch.hpp"

using http::Challenge;
using http::parse_challenges;

TEST_CASE("a registry's Bearer challenge is read") {
  const auto challenges = parse_challenges(
      {R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull")"});
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].get("realm") == "https://auth.example/token");
  CHECK(challenges[0].get("service") == "registry.example");
  CHECK(challenges[0].get("scope") == "repository:a/b:pull");
  CHECK(challenges[0].get("error").empty());
}

TEST_CASE("several challenges in one field and in several fields are told apart") {
  const auto challenges = parse_challenges(
      {R"(Negotiate, BASIC Realm="one, two" , Bearer realm=plain, Error="say \"no\"")",
       R"(NTLM TlRMTVNTUAAC==, Digest realm="x", nonce="y")"});
  REQUIRE(challenges.size() == 5);
  CHECK(challenges[0].scheme == "negotiate");
  CHECK(challenges[1].scheme == "basic");
  CHECK(challenges[1].get("realm") == "one, two");
  CHECK(challenges[2].scheme == "bearer");
  CHECK(challenges[2].get("realm") == "plain");
  CHECK(challenges[2].get("error") == "say \"no\"");
  CHECK(challenges[3].scheme == "ntlm");
  CHECK(challenges[3].parameters.empty());
  CHECK(challenges[4].get("nonce") == "y");
}

TEST_CASE("malformed challenges neither crash nor hang nor invent schemes") {
  CHECK(parse_challenges({}).empty());
  CHECK(parse_challenges({"", ",,,", "=", "\"", R"(realm="x")", "(((", "\x80\xff"}).empty());
  const auto open = parse_challenges({R"(Bearer realm="never closed)"});
  REQUIRE(open.size() == 1);
  CHECK(open[0].get("realm") == "never closed");
  const auto escape = parse_challenges({R"(Bearer realm="end\)"});
  REQUIRE(escape.size() == 1);
  const auto recovered = parse_challenges({R"(@bad thing, Basic realm="r")"});
  REQUIRE(recovered.size() == 1);
  CHECK(recovered[0].get("realm") == "r");
  const auto spaced = parse_challenges({"Bearer  realm = \"x\" ,\tservice=\"y\""});
  REQUIRE(spaced.size() == 1);
  CHECK(spaced[0].get("realm") == "x");
  CHECK(spaced[0].get("service") == "y");
}

TEST_CASE("a Basic value is the base64 of name and password") {
  CHECK(http::basic_authorization("Aladdin", "open:sesame").reveal() ==
        "Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==");
}
