#include "git/history.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

namespace {

git::Oid id(char name) {
  git::Oid oid;
  oid.bytes.fill(static_cast<uint8_t>(name));
  return oid;
}

std::string names(const std::vector<git::Oid>& ids) {
  std::string text;
  for (const git::Oid& one : ids) text += static_cast<char>(one.bytes[0]);
  return text;
}

}  // namespace

TEST_CASE("commits are told oldest first, whatever order they come in") {
  git::History history(id('a'), id('d'));
  history.add(id('c'), {id('b')});
  history.add(id('d'), {id('c')});
  CHECK(!history.connected());
  history.add(id('b'), {id('a')});
  CHECK(history.connected());
  CHECK(names(history.answer()) == "abcd");
}

TEST_CASE("a version that was merged in is an ancestor; the side branch itself is no version") {
  // m - n - t on the branch, a - b beside it, b merged by n.
  git::History history(id('a'), id('t'));
  history.add(id('t'), {id('n')});
  history.add(id('n'), {id('m'), id('b')});
  history.add(id('b'), {id('a')});
  history.add(id('m'), {});
  CHECK(!history.connected());
  CHECK(names(history.answer()) == "amnt");
}

TEST_CASE("after a rewrite there is the new tip only") {
  git::History history(id('a'), id('t'));
  history.add(id('t'), {id('s')});
  history.add(id('s'), {});
  CHECK(names(history.answer()) == "t");
  CHECK(names(git::History(id('a'), id('t')).answer()) == "t");
}

TEST_CASE("a history in a circle ends") {
  git::History history(id('a'), id('x'));
  history.add(id('x'), {id('y'), id('a')});
  history.add(id('y'), {id('x')});
  CHECK(names(history.answer()) == "ayx");
}

TEST_CASE("parents are read from a commit and nowhere else") {
  const std::string one = std::string(40, '1');
  const std::string two = std::string(40, '2');
  const std::string text = "tree " + one + "\nparent " + one + "\nparent " + two +
                           "\nauthor A <a> 1 +0000\n\nparent " + two + "\n";
  CHECK(git::parents_of_commit(text) ==
        std::vector<git::Oid>{*git::Oid::parse(one), *git::Oid::parse(two)});
  CHECK(git::parents_of_commit("tree " + one + "\nauthor x\n").empty());
  CHECK_THROWS_AS(git::parents_of_commit("tree " + one + "\nparent nonsense"), base::Error);
  CHECK_THROWS_AS(git::parents_of_commit("blob"), base::Error);
}
