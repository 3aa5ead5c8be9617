#include "base/encoding.hpp"

#include <utility>

#include "support/catch.hpp"

TEST_CASE("base64 gives the test vectors of RFC 4648 section 10") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : vectors) {
    CHECK(base::base64_encode(plain) == encoded);
    CHECK(base::base64_decode(encoded) == std::string(plain));
  }
}

TEST_CASE("base64 carries every byte") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (size_t length = 250; length <= 256; ++length) {
    const std::string part = bytes.substr(256 - length);
    CHECK(base::base64_decode(base::base64_encode(part)) == part);
  }
  CHECK(base::base64_encode("\xfb\xff\xbf") == "+/+/");
}

TEST_CASE("docker's unpadded base64 is read, other text is refused") {
  CHECK(base::base64_decode("Zm8") == std::string("fo"));
  CHECK(base::base64_decode("Zg") == std::string("f"));
  CHECK_FALSE(base::base64_decode("Z"));
  CHECK_FALSE(base::base64_decode("Zm9vY"));
  CHECK_FALSE(base::base64_decode("Zg==Zg=="));
  CHECK_FALSE(base::base64_decode("Zm9v\n"));
  CHECK_FALSE(base::base64_decode("-_-_"));
  CHECK_FALSE(base::base64_decode(std::string_view("Zm\0v", 4)));
}

TEST_CASE("percent encoding leaves only unreserved characters (RFC 3986 section 2.3)") {
  CHECK(base::percent_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(base::percent_encode("a b/c?d=e&f%+:@") == "a%20b%2Fc%3Fd%3De%26f%25%2B%3A%40");
  CHECK(base::percent_encode("\xc3\xa9") == "%C3%A9");
}

TEST_CASE("percent decoding takes both cases and leaves a stray percent sign") {
  CHECK(base::percent_decode("%41%6a%6A") == "Ajj");
  CHECK(base::percent_decode("100%") == "100%");
  CHECK(base::percent_decode("%4") == "%4");
  CHECK(base::percent_decode("%zz%41") == "%zzA");
  CHECK(base::percent_decode("%%41") == "%A");
  CHECK(base::percent_decode("a+b") == "a+b");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(base::percent_decode(base::percent_encode(bytes)) == bytes);
}
