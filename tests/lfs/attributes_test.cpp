#include "lfs/attributes.hpp"

#include "lfs/attribute_rules.hpp"
#include "lfs/pattern.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using lfs::attribute_line;

namespace {

const std::string rest = " filter=lfs diff=lfs merge=lfs -text";

bool filtered(const std::string& text, const std::string& path) {
  lfs::AttributeRules rules;
  rules.add("", text);
  return rules.is_filtered(path);
}

bool matches(std::string_view pattern, std::string_view text) {
  uint64_t steps = 0;
  return lfs::matches_pattern(pattern, text, steps);
}

}  // namespace

TEST_CASE("a line means its path and no other") {
  CHECK(attribute_line("rootfs/a") == "/rootfs/a" + rest);
  CHECK(attribute_line("rootfs/!a#b") == "/rootfs/!a#b" + rest);
  CHECK(attribute_line("rootfs/a b") == "\"/rootfs/a b\"" + rest);
  CHECK(attribute_line("rootfs/a*b?c[d]e\\f") == R"(/rootfs/a\*b\?c\[d]e\\f)" + rest);
  CHECK(attribute_line("rootfs/a *\\") == R"("/rootfs/a \\*\\\\")" + rest);
  CHECK(attribute_line("r/\"\t\n\xe9") == R"("/r/\"\011\012\351")" + rest);
}

TEST_CASE("what is listed is found again, and nothing beside it") {
  for (const std::string path :
       {"rootfs/a", "rootfs/a b", "rootfs/ a", "rootfs/a*", "rootfs/a?", "rootfs/[a]", "rootfs/a\\",
        "rootfs/\\\\a", "rootfs/\"a\"", "rootfs/a\tb", "rootfs/a\nb", "rootfs/\xe9\xff",
        "rootfs/**/a", "rootfs/#a", "rootfs/!a", "rootfs/-a", "rootfs/a=b", "rootfs/\x7f"}) {
    INFO(path);
    const std::string line = attribute_line(path) + "\n";
    CHECK(filtered(line, path));
    CHECK_FALSE(filtered(line, path + "x"));
    CHECK_FALSE(filtered(line, "rootfs/aa"));
    CHECK_FALSE(filtered(line, "x/" + path));
    CHECK_FALSE(filtered(line, "rootfs/x/a"));
  }
}

TEST_CASE("a line that git would not read is not written") {
  CHECK(lfs::can_be_listed(std::string(2000, 'a')));
  CHECK_FALSE(lfs::can_be_listed(std::string(2047, 'a')));
  CHECK_FALSE(lfs::can_be_listed(std::string(600, '\n')));
}

TEST_CASE("patterns of people are understood as git does") {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  for (const Row& row : {
           Row{"a", "a", true},
           Row{"a", "b", false},
           Row{"*", "a", true},
           Row{"*", "a/b", false},
           Row{"a/**", "a/b/c", true},
           Row{"a/**", "b/c", false},
           Row{"**/a", "a", true},
           Row{"**/a", "x/y/a", true},
           Row{"**/a", "xa", false},
           Row{"a/**/b", "a/b", true},
           Row{"a/**/b", "a/x/y/b", true},
           Row{"a/**/b", "a/xb", false},
           Row{"a**b", "axxb", true},
           Row{"a**b", "ax/xb", false},
           Row{"[a-c]x", "bx", true},
           Row{"[!a-c]x", "bx", false},
           Row{"[!a-c]x", "dx", true},
           Row{"[]]", "]", true},
           Row{"[a", "[a", true},
           Row{"a?c", "a/c", false},
           Row{"a\\*", "a*", true},
           Row{"a\\*", "ab", false},
           Row{"**", "a/b", true},
           Row{"*.bin", "x.bin", true},
           Row{"[^a]", "b", true},
           Row{"[a-]", "-", true},
           Row{"*.[[:alpha:]]in", "x.bin", true},
           Row{"*.[[:alpha:]]in", "x.1in", false},
           Row{"[^[:digit:]a]", "b", true},
           Row{"[^[:digit:]a]", "7", false},
           Row{"[[:none:]]", "n", false},
           Row{"[[:x]", ":", true},
           Row{"[^]]", "]", false},
           Row{"[a\\]]", "]", true},
           Row{"[\\a-\\c]", "c", true},
           Row{"[\\A-\\C]", "Q", false},
       }) {
    INFO(row.pattern << " and " << row.path);
    CHECK(matches(row.pattern, row.path) == row.matches);
  }
}

TEST_CASE("the nearest and the last line wins") {
  lfs::AttributeRules rules;
  rules.add("",
            "*.bin filter=lfs\n# *.txt filter=lfs\n*.txt text\nsub/ filter=lfs\n"
            "[attr]large filter=lfs\n/top filter=lfs\r\n*.o filter=lfs\n*.o !filter\n");
  rules.add("rootfs/sub", "*.bin -filter\nlast.bin filter=lfs diff=lfs\nother filter=crypt\n");
  CHECK(rules.is_filtered("rootfs/a.bin"));
  CHECK(rules.is_filtered("rootfs/sub/last.bin"));
  CHECK(rules.is_filtered("top"));
  CHECK_FALSE(rules.is_filtered("rootfs/top"));
  CHECK_FALSE(rules.is_filtered("rootfs/sub/a.bin"));
  CHECK_FALSE(rules.is_filtered("rootfs/sub/x/a.bin"));
  CHECK_FALSE(rules.is_filtered("rootfs/sub/other"));
  CHECK_FALSE(rules.is_filtered("rootfs/a.txt"));
  CHECK_FALSE(rules.is_filtered("rootfs/a.o"));
}

TEST_CASE("files that a macro hands to git-lfs are no pointers in an image") {
  lfs::AttributeRules rules;
  rules.add("",
            "*.bin large -text\n*.txt -large\n[attr]large lfs\n"
            "[attr]lfs filter=lfs diff=lfs\n[attr]plain -filter\nplain.bin plain\n");
  rules.add("rootfs/sub", "[attr]other filter=lfs\n*.o other\n*.a lfs\n");
  CHECK(rules.hands_over());
  CHECK(rules.is_filtered("rootfs/a.bin"));
  CHECK(rules.is_filtered("rootfs/sub/x.a"));
  CHECK_FALSE(rules.is_filtered("rootfs/plain.bin"));
  CHECK_FALSE(rules.is_filtered("rootfs/a.txt"));
  // Git knows macros at the top only.
  CHECK_FALSE(rules.is_filtered("rootfs/sub/x.o"));
}

TEST_CASE("what an editor puts in front of the first line does not hide it") {
  CHECK(filtered("\xEF\xBB\xBF*.bin filter=lfs\n", "rootfs/a.bin"));
}

TEST_CASE("a path without wildcards means itself and nothing that begins with it") {
  CHECK(matches("a/b", "a/b"));
  CHECK_FALSE(matches("a/b", "a/bc"));
  CHECK_FALSE(matches("a/bc", "a/b"));
}

TEST_CASE("a pattern of open brackets takes no long time") {
  std::string brackets;
  while (brackets.size() < 2000) brackets += "[:";
  uint64_t steps = 0;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(lfs::matches_pattern(brackets, "b", steps));
}

TEST_CASE("open brackets count for what it takes to find none that closes") {
  const std::string brackets(2000, '[');
  uint64_t steps = 0;
  CHECK_FALSE(lfs::matches_pattern(brackets, "b", steps));
  CHECK(steps > brackets.size() * brackets.size() / 2);
}

TEST_CASE("a hostile pattern takes no long time") {
  const std::string stars = [] {
    std::string text;
    for (int i = 0; i < 900; ++i) text += "*a";
    return text;
  }();
  const std::string text(4000, 'a');
  uint64_t steps = 0;
  CHECK_FALSE(lfs::matches_pattern(stars, std::string(4000, 'b'), steps));
  CHECK_FALSE(lfs::matches_pattern(stars + "c", text, steps));
  CHECK(steps < 2 * (stars.size() + 1) * (text.size() + 2));
}

TEST_CASE("lines that hand nothing to git-lfs are compared with nothing") {
  lfs::AttributeRules rules(0);
  rules.add("", "*a*b*c -filter\n*a*b*d filter=other\n*.txt text\n");
  CHECK_FALSE(rules.hands_over());
  CHECK_FALSE(rules.is_filtered("rootfs/abc"));
}

TEST_CASE("a few lines for a few files that are compared for ever are an error") {
  lfs::AttributeRules rules(1'000'000);
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "*a*b*c*d filter=lfs\n";
  rules.add("", lines);
  CHECK_FALSE(rules.is_filtered("rootfs/abcabc"));
  CHECK(contains(message_of([&] {
                   for (int i = 0; i < 100; ++i) rules.is_filtered("rootfs/abcabcabcabcabc");
                 }),
                 ".gitattributes"));
}
