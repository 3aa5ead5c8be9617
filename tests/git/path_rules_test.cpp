#include "git/path_rules.hpp"

#include <string>

#include "support/catch.hpp"

using namespace std::string_literals;

TEST_CASE("names that servers or checkouts refuse are recognised in every spelling") {
  const auto name = GENERATE(values<std::string>({".git",
                                                  ".GIT",
                                                  ".Git",
                                                  ".git.",
                                                  ".git ",
                                                  ".git . .",
                                                  ".git:x",
                                                  ".git::$INDEX_ALLOCATION",
                                                  "git~1",
                                                  "GIT~1",
                                                  "git~1.",
                                                  "x\\.git",
                                                  ".git\\x",
                                                  "a\\git~1\\b",
                                                  ".g\u200cit",
                                                  "\ufeff.git",
                                                  ".gi\u206at",
                                                  ".gitattributes",
                                                  ".GitAttributes",
                                                  ".gitattributes .",
                                                  "gitatt~1",
                                                  "GITATT~4",
                                                  "gi7d29~1",
                                                  "gi7d2~12",
                                                  "gi~12345",
                                                  "~1000000",
                                                  "gi7d29~1 .",
                                                  ".gitmodules",
                                                  ".gitmodules:$DATA",
                                                  "gitmod~2",
                                                  "gi7eba~1",
                                                  ".gitmod\u200dules",
                                                  ".",
                                                  "..",
                                                  "" + std::string(256, 'x')}));
  CAPTURE(name);
  CHECK(git::is_refused_name(name));
}

TEST_CASE("a name of git's behind which no UTF-8 follows does not make servers refuse the push") {
  const auto name = GENERATE(values<std::string>(
      {".git\xFF", ".git\xE9xyz", ".GIT\xE2\x80", ".git\xC0\xAF", ".g\u200Cit\xED\xA0\x80",
       ".git\u200C\xFFx", ".git\xEF\xBF\xBEx", ".gitattributes\xC3", ".gitmodules\x80"}));
  CAPTURE(name);
  CHECK(git::is_refused_name(name));
}

TEST_CASE("what Windows would take for .gitmodules in a directory does not make servers refuse") {
  const auto name = GENERATE(values<std::string>(
      {"x\\.gitmodules", "\\.GitModules .", "a\\b\\.gitmodules:x", "x\\gitmod~1", "x\\gi7eba~1"}));
  CAPTURE(name);
  CHECK(git::is_refused_name(name));
}

TEST_CASE("names that only look alike stay in the tree") {
  const auto name = GENERATE(values<std::string>({".gitignore",
                                                  ".gitx",
                                                  ".git2",
                                                  "x.git",
                                                  "git",
                                                  "git~2",
                                                  "gitatt~5",
                                                  "gitatt~",
                                                  "gitmod~0",
                                                  "gi7d29",
                                                  "gi7d29~",
                                                  "g~1",
                                                  "gi7eba~10",
                                                  "gi7d29~0",
                                                  "gi~0123456",
                                                  ".gitattributes2",
                                                  "gitattributes",
                                                  "CON",
                                                  "aux.c",
                                                  "HEAD",
                                                  "a\\b",
                                                  "\u200c",
                                                  ".git\u00e9",
                                                  ".gi\xFF",
                                                  "\xFF.git",
                                                  ".g\xE2\x40it",
                                                  "x\\.gitattributes",
                                                  ".gitmodules\\x",
                                                  "\xE9",
                                                  "line\nbreak",
                                                  std::string(255, 'x')}));
  CAPTURE(name);
  CHECK_FALSE(git::is_refused_name(name));
}
