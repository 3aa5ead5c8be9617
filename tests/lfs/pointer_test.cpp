#include "lfs/pointer.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using lfs::parse_pointer;
using lfs::Pointer;

namespace {

const std::string oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const std::string text =
    "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 12345\n";

std::string with(std::string changed, const std::string& from, const std::string& to) {
  changed.replace(changed.find(from), from.size(), to);
  return changed;
}

}  // namespace

TEST_CASE("a pointer is the text that git-lfs writes") {
  CHECK(lfs::encode_pointer({oid, 12345}) == text);
  CHECK(parse_pointer(text) == Pointer{oid, 12345});
  CHECK(parse_pointer(lfs::encode_pointer({oid, UINT64_MAX})) == Pointer{oid, UINT64_MAX});
}

TEST_CASE("what only looks like a pointer is a file of its own") {
  for (const std::string& other :
       {std::string(), std::string("version https://git-lfs.github.com/spec/v1\n"),
        with(text, "12345", "-1"), with(text, "12345", "1 2"), with(text, "12345", ""),
        with(text, "12345", "99999999999999999999"), with(text, "sha256:4", "sha256:"),
        with(text, "sha256:4", "sha256:G"), with(text, "sha256", "sha512"),
        with(text, "spec/v1", "spec/v2"), text + "more 1\n", text + std::string(1024, '\n')}) {
    INFO(other);
    CHECK_FALSE(parse_pointer(other));
  }
}

TEST_CASE("a pointer that git-lfs reads does not become the contents of a file") {
  const Pointer pointer{oid, 12345};
  CHECK(parse_pointer(with(text, "git-lfs.github.com", "hawser.github.com")) == pointer);
  CHECK(parse_pointer("version https://git-lfs.github.com/spec/v1\r\noid sha256:" + oid +
                      "\r\nsize 12345\r\n") == pointer);
  REQUIRE_THROWS_AS(parse_pointer(with(text, "oid", "ext-0-case sha256:" + oid + "\noid")),
                    base::Error);
}
