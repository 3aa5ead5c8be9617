#include <functional>

#include "rootfs/support/everywhere.hpp"
#include "support/catch.hpp"
#include "support/tar_builder.hpp"

namespace {

std::string layer(const std::function<void(TarBuilder&)>& fill) {
  TarBuilder tar;
  fill(tar);
  return tar.finish();
}

TarBuilder::Attributes with_pax(std::vector<std::pair<std::string, std::string>> records) {
  return {.pax = std::move(records)};
}

}  // namespace

TEST_CASE("a name that leaves the root writes nowhere, by whatever header it comes") {
  for (const std::string name :
       {"../canary/evil", "a/../../canary/evil", "/../canary/evil", ".."}) {
    const std::string padded = name + std::string(120, '/') + "x";
    require_refusal({TarBuilder().file(name, "x").finish()}, {"leaves the image's root"});
    require_refusal({TarBuilder().file(padded, "x").finish()}, {"leaves the image's root"});
    require_refusal({TarBuilder().file("x", "x", with_pax({{"path", name}})).finish()},
                    {"leaves the image's root"});
    require_refusal({TarBuilder().dir(name).finish()}, {"leaves the image's root"});
    require_refusal({TarBuilder().symlink(name, "x").finish()}, {"leaves the image's root"});
    require_refusal({TarBuilder().file("a", "").hardlink(name, "a").finish()},
                    {"leaves the image's root"});
    require_refusal({TarBuilder().char_device(name, 1, 3).finish()}, {"leaves the image's root"});
    require_refusal({TarBuilder().file(name + "/.wh.evil", "").finish()},
                    {"leaves the image's root"});
  }
}

TEST_CASE("a name cut at a NUL byte does not become another file's") {
  using namespace std::string_literals;
  require_refusal(
      {TarBuilder().file("x", "evil", with_pax({{"path", "etc/passwd\0.txt"s}})).finish()},
      {"holds a NUL byte", "etc/passwd\\x00.txt"});
  require_refusal(
      {TarBuilder().entry('2', "x", "", "", with_pax({{"linkpath", "a\0b"s}})).finish()},
      {"holds a NUL byte"});
  require_refusal({TarBuilder()
                       .file("a", "")
                       .entry('1', "x", "", "", with_pax({{"linkpath", "a\0b"s}}))
                       .finish()},
                  {"holds a NUL byte"});
  // Inside a header's own field it ends the name (POSIX.1-2017 ustar).
  require_tree({TarBuilder().file("name\0rest"s, "x").finish()}, {"name file x"});
  require_tree({layer([](TarBuilder& tar) {
                 tar.long_name('L', "long\0rest"s);
                 tar.file("x", "x");
               })},
               {"long file x"});
}

TEST_CASE("a slash at the end makes a directory of no file that says it is one") {
  require_tree({TarBuilder().file("f/", "").file("g", "x").finish()}, {"f file ", "g file x"});
  require_tree({TarBuilder().file("x", "", with_pax({{"path", "f//"}})).finish()}, {"f file "});
  // Nobody agrees on whether its content is one, or the next header.
  require_refusal({TarBuilder().file("f/", "data").file("g", "x").finish()}, {"\"f/\"", "file"});
  // Of archives older than the type for directories.
  require_tree({TarBuilder().entry('\0', "d/", "", "", {.mode = 0755}).file("d/f", "x").finish()},
               {"d dir", "d/f file x"});
  require_tree({TarBuilder().entry('\0', "f", "", "x", {}).entry('7', "g", "", "y", {}).finish()},
               {"f file x", "g file y"});
}

TEST_CASE("the records in front of an entry win over each other in the same order everywhere") {
  const auto pax = [](TarBuilder& tar) {
    tar.pax_header('x', {{"path", "pax"}, {"linkpath", "to-pax"}});
  };
  const auto gnu = [](TarBuilder& tar) { tar.long_name('L', "gnu").long_name('K', "to-gnu"); };
  const auto entry = [](TarBuilder& tar) { tar.symlink("ustar", "to-ustar"); };
  require_tree({layer([&](TarBuilder& tar) { pax(tar), gnu(tar), entry(tar); })},
               {"pax -> to-pax"});
  require_tree({layer([&](TarBuilder& tar) { gnu(tar), pax(tar), entry(tar); })},
               {"pax -> to-pax"});
  require_tree({layer([&](TarBuilder& tar) { gnu(tar), entry(tar); })}, {"gnu -> to-gnu"});
  // And for one entry only.
  require_tree({layer([&](TarBuilder& tar) {
                 gnu(tar), pax(tar), entry(tar);
                 tar.symlink("after", "own");
               })},
               {"after -> own", "pax -> to-pax"});
  require_tree({layer([&](TarBuilder& tar) {
                 tar.pax_header('x', {{"path", "first"}, {"path", "last"}});
                 tar.file("ustar", "x");
               })},
               {"last file x"});
}

TEST_CASE("a long name split over two fields, or filling one, is not cut") {
  const std::string full(100, 'n');
  require_tree({TarBuilder().file(full, "x").finish()}, {full + " file x"});
  std::string header = TarBuilder().file("name", "").unfinished();
  header.replace(345, 6, "prefix");
  header = TarBuilder::with_new_sum(header);
  require_tree({header + std::string(1024, '\0')}, {"prefix dir", "prefix/name file "});
  // Without the NUL at the end of GNU's long name, and at the border of a record.
  std::string body;
  for (size_t i = 0; i < 3; ++i) body += std::string(170, 'a' + static_cast<char>(i)) + "/";
  require_tree(
      {layer([&](TarBuilder& tar) {
        tar.bare_header('L', "././@LongLink", body.size() - 1);
        tar.raw(body.substr(0, body.size() - 1)).zeros(512 - body.size() + 1);
        tar.file("x", "x");
      })},
      {std::string(170, 'a') + " dir", std::string(170, 'a') + "/" + std::string(170, 'b') + " dir",
       body.substr(0, body.size() - 1) + " file x"});
}

TEST_CASE("a long name of no letters does not turn an entry into another one") {
  for (const char type : {'L', 'K'}) {
    require_refusal({TarBuilder().long_name(type, "").dir("d", {.mode = 01777}).finish()},
                    {"corrupt", "long name is empty"});
    require_refusal({TarBuilder().pax_body(type, "").symlink("l", "t").finish()},
                    {"corrupt", "long name is empty"});
  }
}

TEST_CASE("a long name is not cut where programs of old put its front part beside a large owner") {
  const auto split = [](const std::string& front, std::string_view times) {
    std::string header = TarBuilder().file("name", "", {.uid = 3'000'000}).unfinished();
    header.replace(257, 8, "ustar  ", 8);
    header.replace(345, front.size(), front);
    if (!times.empty()) header.replace(345, times.size(), times);
    return TarBuilder::with_new_sum(header) + std::string(1024, '\0');
  };
  require_tree({split("front", "")}, {"front dir", "front/name file "});
  const std::string longest(155, 'f');
  require_tree({split(longest, "")}, {longest + " dir", longest + "/name file "});
  // What can be the times that belong there is no name.
  require_tree({split("1234", "")}, {"name file "});
  require_tree({split("", "14524770400 14524770400 ")}, {"name file "});
  require_tree({split("", "14524770400" + std::string(1, '\0') + std::string(12, '\xff'))},
               {"name file "});
  require_tree({split("fr\xc3\xb6nt", "")}, {"name file "});
}

TEST_CASE("an image is not refused because a file with the longest of names was deleted") {
  for (const size_t size : {252U, 255U}) {
    const std::string name(size, 'n');
    const std::string lower = TarBuilder().file("d/" + name, "x").file("d/f", "x").finish();
    require_tree({lower, TarBuilder().file("d/.wh." + name, "").finish()}, {"d dir", "d/f file x"});
    require_tree({TarBuilder().file(".wh." + name, "").file("f", "x").finish()}, {"f file x"});
  }
  const std::string too_long(256, 'n');
  for (const std::string& name : {too_long, ".wh." + too_long}) {
    require_refusal({TarBuilder().file(name, "").finish()}, {"component of 256 bytes, limit 255"});
  }
}

TEST_CASE("letters that differ in case only are different files") {
  require_tree({TarBuilder().file("A", "1").file("a", "2").finish()}, {"A file 1", "a file 2"});
}
