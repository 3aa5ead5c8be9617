#include "git/object.hpp"

#include <set>

#include "base/error.hpp"
#include "support/catch.hpp"

namespace {

git::Oid id_of(git::ObjectType type, std::string_view content) {
  base::Hasher hasher(base::HashAlgorithm::sha1);
  return git::object_id(hasher, type, content);
}

}  // namespace

TEST_CASE("object ids are the ones git computes") {
  // git hash-object -t blob /dev/null; git hash-object -t tree /dev/null
  CHECK(id_of(git::ObjectType::blob, "").hex() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK(id_of(git::ObjectType::tree, "").hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  CHECK(id_of(git::ObjectType::blob, "hello\n").hex() ==
        "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST_CASE("a file and a directory of nearly one name are sorted as git demands") {
  const git::Oid id = id_of(git::ObjectType::blob, "");
  const auto encoded = git::encode_tree({{git::mode_file, "foo0", id},
                                         {git::mode_directory, "foo", id},
                                         {git::mode_file, "foo.c", id},
                                         {git::mode_file, "fo", id}});
  std::string order;
  for (const auto& entry : git::parse_tree(encoded)) order += entry.name + " ";
  CHECK(order == "fo foo.c foo foo0 ");
}

TEST_CASE("a tree comes back as it was written") {
  const git::Oid id = id_of(git::ObjectType::blob, "x");
  const auto entries = git::parse_tree(
      git::encode_tree({{git::mode_executable, "a\nb", id}, {git::mode_symlink, "l\xE9", id}}));
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == "a\nb");
  CHECK(entries[0].mode == git::mode_executable);
  CHECK(entries[1].name == "l\xE9");
  CHECK(entries[1].id == id);
}

TEST_CASE("broken trees and commits from a server are errors") {
  REQUIRE_THROWS_AS(git::parse_tree("100644 name"), base::Error);
  REQUIRE_THROWS_AS(git::parse_tree(std::string("100644 a\0short", 14)), base::Error);
  REQUIRE_THROWS_AS(git::parse_tree(std::string("9 a\0", 4) + std::string(20, 'x')), base::Error);
  REQUIRE_THROWS_AS(git::tree_of_commit("parent x"), base::Error);
  REQUIRE_THROWS_AS(git::tree_of_commit("tree zz"), base::Error);
}

TEST_CASE("a name cannot forge lines of a commit") {
  git::CommitText commit;
  commit.author = {"A\nparent 0", "a>b <c"};
  commit.committer = {"C", "c@d"};
  commit.message = "text";
  const std::string text = git::encode_commit(commit);
  CHECK(text.find("author Aparent 0 <ab c> 0 +0000\n") != std::string::npos);
  CHECK(text.ends_with("\n\ntext\n"));
}

TEST_CASE("ids that a server makes up do not all fall into one place of a table") {
  std::set<size_t> places;
  constexpr size_t count = 200;
  const size_t from = GENERATE(as<size_t>{}, 0, 7, 8, 15, 16, 19);
  for (size_t i = 0; i < count; ++i) {
    git::Oid id;
    id.bytes[from] = static_cast<uint8_t>(i);
    places.insert(git::OidHash()(id));
  }
  CHECK(places.size() == count);
  CHECK(git::OidHash()(git::empty_blob()) == git::OidHash()(git::Oid(git::empty_blob())));
}
