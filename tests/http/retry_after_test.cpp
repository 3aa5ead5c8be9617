#include "http/client.hpp"
#include "support/catch.hpp"

using http::parse_retry_after;
using std::chrono::seconds;

TEST_CASE("Retry-After is read as seconds and as a date, and nonsense is no order to wait") {
  constexpr std::time_t now = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(parse_retry_after("120", now) == seconds(120));
  CHECK(parse_retry_after(" 0 ", now) == seconds(0));
  CHECK(parse_retry_after("-5", now) == seconds(0));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now) == seconds(30));
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:50:07 GMT", now) == seconds(30));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now) == seconds(0));
  for (const char* text : {"", " ", "soon", "12x", "99999999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_retry_after(text, now));
  }
}
