#include "git/support/collecting_sink.hpp"
#include "git/support/ways.hpp"
#include "git/support/work.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

std::string lines(int count, const std::string& last) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  return text + last;
}

/// Three commits with directories, an executable, a link, and large and small files that change
/// little, so that git makes deltas of all of them.
void fill(const Work& work) {
  const std::string large = lines(600'000, "");
  for (int version = 0; version < 3; ++version) {
    const std::string tail = "version " + std::to_string(version);
    for (int i = 0; i < 40; ++i) {
      work.write("dir/sub" + std::to_string(i % 4) + "/f" + std::to_string(i),
                 lines(200 + i, i < 5 ? tail : "same"));
    }
    work.write("large", large + tail);
    work.write("similar", large + tail + " elsewhere");
    work.write("empty", "");
    std::filesystem::remove(work.path() / "link");
    std::filesystem::create_symlink("dir", work.path() / "link");
    work.commit(tail);
  }
}

}  // namespace

TEST_CASE("a commit is fetched with everything in it, from loose objects and from deltas") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const bool packed = GENERATE(false, true);
  const Work work;
  fill(work);
  if (packed) work.git("gc -q --aggressive --prune=now");
  OpenRepository repository(work.path(), way);
  const std::string revision = GENERATE("main", "main~2");
  CollectingSink sink;
  repository->fetch_commit(work.id(revision), main_ref, sink);
  check_fetched(sink, work, work.id(revision));
  CHECK(sink.large >= 2);
  if (way != Way::version_0) CHECK(sink.commits.size() == 1);
  if (packed && way != Way::direct) CHECK(sink.read_backs > 0);
}

TEST_CASE("a commit that is gone, or on no branch, is an error that says so") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const Work work;
  work.commit("one");
  OpenRepository repository(work.path(), way);
  CollectingSink sink;
  const auto gone = *git::Oid::parse(std::string(40, '7'));
  const std::string said = message_of([&] { repository->fetch_commit(gone, main_ref, sink); });
  CHECK(contains(said, "is not (any more) on branch main"));
  CHECK(contains(said, gone.hex()));
}

TEST_CASE("what the sink throws ends the fetch and comes out of it") {
  class Full : public CollectingSink {
    void blob(const git::Oid& /*id*/, std::string /*content*/) override {
      throw base::Error("disk full");
    }
  };
  const Work work;
  fill(work);
  OpenRepository repository(work.path(), GENERATE(Way::version_2, Way::direct));
  Full sink;
  CHECK(message_of([&] { repository->fetch_commit(work.id("main"), main_ref, sink); }) ==
        "disk full");
}

TEST_CASE("an unchanged branch costs one exchange") {
  const Work work;
  const git::Oid tip = work.commit("one");
  OpenRepository repository(work.path(), Way::version_2);
  CHECK(repository->find_history(main_ref, tip) == std::vector<git::Oid>{tip});
  CHECK(repository.counts.advertisements == 1);
  CHECK(repository.counts.requests == 1);
  CHECK(repository->find_history("refs/heads/mai", std::nullopt).empty());
}

TEST_CASE("the commits after the given one come oldest first, by first parents") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const std::string filters = GENERATE(std::string("uploadpack.allowFilter true"),
                                       std::string("uploadpack.allowFilter false"),
                                       std::string("uploadpackfilter.tree.allow false"));
  const Work work;
  work.git("config " + filters);
  const git::Oid one = work.commit("one");
  const git::Oid two = work.commit("two");
  work.git("checkout -qb side");
  work.write("beside", "x");
  work.git("add -A");
  work.git("commit -qm side");
  const git::Oid side = work.id("HEAD");
  work.git("checkout -q main");
  const git::Oid three = work.commit("three");
  work.git("merge -q --no-ff -m merge side");
  const git::Oid merge = work.id("HEAD");
  work.git("gc -q");
  OpenRepository repository(work.path(), way);
  using Ids = std::vector<git::Oid>;
  CHECK(repository->find_history(main_ref, std::nullopt) == Ids{merge});
  CHECK(repository->find_history(main_ref, merge) == Ids{merge});
  CHECK(repository->find_history(main_ref, three) == Ids{three, merge});
  CHECK(repository->find_history(main_ref, one) == Ids{one, two, three, merge});
  CHECK(repository->find_history(main_ref, side) == Ids{side, three, merge});
  CHECK(repository->find_history("refs/heads/none", one).empty());
}

TEST_CASE("after a rewrite the new tip alone is reported") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const Work work;
  work.commit("root");
  const git::Oid old = work.commit("old");
  work.git("checkout -q --orphan new");
  const git::Oid tip = work.commit("new");
  work.git("branch -M new main");
  OpenRepository repository(work.path(), way);
  using Ids = std::vector<git::Oid>;
  SECTION("the old commit is there, but on no branch") {
    CHECK(repository->find_history(main_ref, old) == Ids{tip});
  }
  SECTION("the old commit is there, on another branch") {
    work.git("branch kept " + old.hex());
    CHECK(repository->find_history(main_ref, old) == Ids{tip});
  }
  SECTION("the old commit has vanished") {
    work.git("reflog expire --expire=now --all");
    work.git("gc -q --prune=now");
    CHECK(repository->find_history(main_ref, old) == Ids{tip});
  }
  SECTION("what was given is no commit") {
    CHECK(repository->find_history(main_ref, work.id("main^{tree}")) == Ids{tip});
  }
  SECTION("the branch went back to an older commit") {
    work.git(std::string("update-ref ") + main_ref + " " + old.hex() + "~1");
    CHECK(repository->find_history(main_ref, old) == Ids{work.id("main")});
  }
}
