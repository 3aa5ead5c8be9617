#include "base/stream.hpp"
#include "http/client.hpp"
#include "support/catch.hpp"

namespace {

std::string described(const std::string& body, const std::string& type = "") {
  http::Response response;
  if (!type.empty()) response.headers.add("Content-Type", type);
  response.body = std::make_unique<base::MemorySource>(body);
  return http::describe_error_body(response);
}

}  // namespace

TEST_CASE("what a server says about an error becomes one short line") {
  CHECK(described(R"({"errors":[{"code":"DENIED","message":"no"},{"code":"X"}]})") ==
        "DENIED: no; X");
  CHECK(described(R"({"message":"rate limit"})") == "rate limit");
  CHECK(described(R"({"details":"incorrect username or password"})") ==
        "incorrect username or password");
  CHECK(described("<html><head><TITLE>502\n Bad Gateway</TITLE>", "text/html") ==
        "502 Bad Gateway");
  CHECK(described("repository\nis  full\r\n", "text/plain") == "repository is full");
  CHECK(described("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has "
                  "expired</Message></Error>",
                  "application/xml") == "AccessDenied: Request has expired");
  CHECK(described("").empty());
  CHECK(described("{\"errors\":").empty());
  CHECK(described(R"({"errors":{"a":1},"message":7})").empty());
  CHECK(described("\x1f\x8b garbage", "application/octet-stream").empty());
}

TEST_CASE("a hostile error body cannot flood or paint the log") {
  const std::string long_text = described(std::string(5000, 'a') + "\xc3\xa4", "text/plain");
  CHECK(long_text == std::string(297, 'a') + "...");
  CHECK(described("\x1b[31mred", "text/plain") == "\\x1b[31mred");
}
