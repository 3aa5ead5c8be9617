#include "base/timestamp.hpp"

#include "support/catch.hpp"

using base::Timestamp;

TEST_CASE("moments are read in every form RFC 3339 allows") {
  CHECK(*Timestamp::parse("1970-01-01T00:00:00Z") == Timestamp{0, 0});
  CHECK(*Timestamp::parse("2020-09-13T12:26:40Z") == Timestamp{1'600'000'000, 0});
  CHECK(*Timestamp::parse("2020-09-13t14:26:40.25+02:00") == Timestamp{1'600'000'000, 250'000'000});
  CHECK(*Timestamp::parse("2020-09-13T09:56:40.123456789-02:30") ==
        Timestamp{1'600'000'000, 123'456'789});
  CHECK(*Timestamp::parse("1969-12-31T23:59:59.9999999999Z") == Timestamp{-1, 999'999'999});
  CHECK(*Timestamp::parse("2024-02-29T00:00:00Z") < *Timestamp::parse("2024-02-29T00:00:00.001Z"));
  CHECK(*Timestamp::parse("0001-01-01T00:00:00Z") < *Timestamp::parse("1970-01-01T00:00:00Z"));
}

TEST_CASE("what is no moment is not read as some moment") {
  for (const char* text :
       {"", "2020", "2020-09-13", "2020-09-13T12:26:40", "2020-09-13 12:26:40Z",
        "2020-09-13T12:26:40.Z", "2020-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
        "2020-09-13T24:00:00Z", "2020-09-13T12:26:40Z ", "2020-09-13T12:26:40+0200",
        "20-09-13T12:26:40Z", "never", "2020-09-1\xFFT12:26:40Z"}) {
    INFO(text);
    CHECK_FALSE(Timestamp::parse(text).has_value());
  }
}

TEST_CASE("a date with a fraction where a month should be is refused at once, not read for ever") {
  CHECK_FALSE(Timestamp::parse("2020.5").has_value());
  CHECK_FALSE(Timestamp::parse("1.2.3").has_value());
  CHECK_FALSE(Timestamp::parse("2020-09-13.25T12:26:40Z").has_value());
}
