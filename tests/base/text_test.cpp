#include "base/text.hpp"

#include "support/catch.hpp"

using base::human_size;
using base::printable;

TEST_CASE("sizes read well and never round up to 1000 of a unit") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(999) == "999 B");
  CHECK(human_size(1000) == "1.0 kB");
  CHECK(human_size(9'940) == "9.9 kB");
  CHECK(human_size(9'960) == "10 kB");
  CHECK(human_size(999'499) == "999 kB");
  CHECK(human_size(999'500) == "1.0 MB");
  CHECK(human_size(1'400'000) == "1.4 MB");
  CHECK(human_size(80'000'000'000) == "80 GB");
  CHECK(human_size(UINT64_MAX) == "18446744 TB");
}

TEST_CASE("numbers and durations read well") {
  CHECK(base::with_commas(0) == "0");
  CHECK(base::with_commas(999) == "999");
  CHECK(base::with_commas(1000) == "1,000");
  CHECK(base::with_commas(12'345'678) == "12,345,678");
  CHECK(base::with_commas(UINT64_MAX) == "18,446,744,073,709,551,615");
  CHECK(base::counted(0, "entry", "entries") == "0 entries");
  CHECK(base::counted(1, "entry", "entries") == "1 entry");
  CHECK(base::counted(1000, "entry", "entries") == "1,000 entries");
  CHECK(base::human_seconds(0.42) == "0.4 s");
  CHECK(base::human_seconds(12.4) == "12 s");
  CHECK(base::human_seconds(185) == "3 min 5 s");
  CHECK(base::human_seconds(119.7) == "2 min 0 s");
}

TEST_CASE("control characters cannot drive a terminal") {
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("line\r\nnext\t") == "line\\x0d\\x0anext\\x09");
  CHECK(printable("\x7f") == "\\x7f");
  // U+009B is a CSI of its own; U+0080 and U+009F are the ends of C1, U+00A0 is a blank.
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");
  CHECK(printable("\xc2\x80\xc2\x9f") == "\\xc2\\x80\\xc2\\x9f");
  CHECK(printable("\xc2\xa0") == "\xc2\xa0");
}

TEST_CASE("no name turns the rest of its line around, or begins another line") {
  CHECK(printable("a\xe2\x80\xaez") == "a\\xe2\\x80\\xaez");
  CHECK(printable("\xd8\x9c") == "\\xd8\\x9c");
  for (const char* text :
       {"\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
        "\xe2\x80\xad", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"}) {
    CHECK(printable(text).starts_with("\\xe2"));
  }
  for (const char* text : {"\xd8\x9b", "\xd8\x9d", "\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa7",
                           "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa", "\xd7\xa9\xd7\x9c"}) {
    CHECK(printable(text) == text);
  }
}

TEST_CASE("a text of any length takes little room in a message") {
  using base::excerpt;
  CHECK(excerpt("short") == "short");
  CHECK(excerpt(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(excerpt(std::string(1'000'000, 'a')) == std::string(200, 'a') + "...");
  CHECK(excerpt("abcdef", 3) == "abc...");
  CHECK(excerpt("abc", 0) == "...");
  CHECK(excerpt("", 0).empty());
  CHECK(excerpt("\x1b[31m red", 4) == "\\x1b[31...");
}

TEST_CASE("a cut text ends with a whole character") {
  using base::excerpt;
  const std::string whale = "\xf0\x9f\x90\xb3";
  for (size_t limit = 1; limit <= 4; ++limit) {
    CAPTURE(limit);
    CHECK(excerpt("a" + whale + "b", limit) == "a...");
  }
  CHECK(excerpt("a" + whale + "b", 5) == "a" + whale + "...");
  CHECK(excerpt("a\x80\x80\x80\x80\x80", 4) == "a\\x80\\x80\\x80...");
}

TEST_CASE("valid UTF-8 stays as it is") {
  for (const char* text : {"plain", "\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x9f\x90\xb3", "\xf4\x8f\xbf\xbf"}) {
    CHECK(printable(text) == text);
  }
}

TEST_CASE("bytes that are no UTF-8 come out as valid text") {
  CHECK(printable("\xff") == "\\xff");
  CHECK(printable("a\x80z") == "a\\x80z");                // stray tail
  CHECK(printable("\xc3") == "\\xc3");                    // cut short at the end
  CHECK(printable("\xe2\x82z") == "\\xe2\\x82z");         // cut short in the middle
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong, two bytes
  CHECK(printable("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");  // overlong, three bytes
  CHECK(printable("\xf0\x80\x80\xaf") == "\\xf0\\x80\\x80\\xaf");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(printable("\xf8\x88\x80\x80\x80") == "\\xf8\\x88\\x80\\x80\\x80");
  CHECK(printable("\xff\xc3\xa9") == "\\xff\xc3\xa9");  // goes on behind a bad byte
}

TEST_CASE("the nearest name helps with typing errors and stays silent otherwise") {
  const std::vector<std::string_view> known = {"repository", "tag", "username", "password"};
  CHECK(base::nearest("repositry", known) == "repository");
  CHECK(base::nearest("Tags", known) == "tag");
  CHECK(base::nearest("user_name", known) == "username");
  CHECK(base::nearest("PASSWORD", known) == "password");
  CHECK(base::nearest("semver_constraint", known).empty());
  CHECK(base::nearest("tag", {}).empty());
}

TEST_CASE("splitting keeps empty parts") {
  CHECK(base::split("", ',') == std::vector<std::string_view>{""});
  CHECK(base::split("a,,b,", ',') == std::vector<std::string_view>{"a", "", "b", ""});
}

TEST_CASE("a path is taken apart in front of its last name") {
  const auto parts = [](std::string_view path) {
    const base::SplitPath split = base::split_path(path);
    return base::cat(split.directory, " ", split.name);
  };
  CHECK(parts("a/b/c") == "a/b c");
  CHECK(parts("a") == " a");
  CHECK(parts("a/") == "a ");
  CHECK(parts("/a") == " a");
  CHECK(parts("") == " ");
}

TEST_CASE("what is put in the place of a text is not looked at again") {
  std::string text = "aaa-a";
  base::replace_all(text, "a", "aa");
  CHECK(text == "aaaaaa-aa");
  base::replace_all(text, "aa", "");
  CHECK(text == "-");
}

TEST_CASE("what is no decimal number, or too large a one, is not read as another") {
  CHECK(base::parse_number("0") == uint64_t{0});
  CHECK(base::parse_number("007") == uint64_t{7});
  CHECK(base::parse_number("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "1x", "0x1"}) {
    CAPTURE(text);
    CHECK_FALSE(base::parse_number(text));
  }
}

TEST_CASE("trimming, case and hexadecimal digits") {
  CHECK(base::trim(" \t\r\n x y \n") == "x y");
  CHECK(base::trim(" \n").empty());
  CHECK(base::trim("").empty());
  CHECK(base::to_lower("AbZ-\xc3\x89") == "abz-\xc3\x89");
  CHECK(base::equal_ignoring_case("Source", "sOURCE"));
  CHECK_FALSE(base::equal_ignoring_case("source", "sources"));
  CHECK_FALSE(base::equal_ignoring_case("a[", "a{"));
  CHECK(base::to_hex(std::string_view("\x00\x0f\xff", 3)) == "000fff");
  CHECK(base::cat("a", 'b', 12, std::string("c"), -3) == "ab12c-3");
}
