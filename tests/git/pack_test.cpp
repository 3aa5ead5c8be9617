#include <fstream>

#include "base/error.hpp"
#include "git/pack_reader.hpp"
#include "git/pack_source.hpp"
#include "git/support/entries.hpp"
#include "git/support/git_program.hpp"
#include "support/catch.hpp"
#include "support/noise.hpp"
#include "support/scratch_dir.hpp"

namespace {

git::Snapshot many_kinds_of_files() {
  std::vector<base::Entry> entries = {directory("d"),
                                      file("d/empty", ""),
                                      file("big", noise(3 * 1024 * 1024 + 17, 5)),
                                      file("exact", noise(1024 * 1024, 256)),
                                      file("random", noise(2 * 1024 * 1024, 256)),
                                      link("l", base::EntryKind::symlink, "d/empty")};
  for (int i = 0; i < 3000; ++i) {
    entries.push_back(file("d/f" + std::to_string(i), noise(static_cast<size_t>(i), 30)));
  }
  git::Snapshot snapshot;
  ListedEntries source(std::move(entries));
  snapshot.add_image(source, "rootfs");
  snapshot.hash();
  return snapshot;
}

std::string pack_of(const std::vector<git::PackObject>& objects, unsigned threads) {
  git::PackSource pack(objects, threads);
  return base::read_all(pack, 1 << 30, "pack");
}

class BrokenContent : public base::Content {
 public:
  void read_at(uint64_t, std::span<char>) const override { throw base::Error("disk on fire"); }
};

}  // namespace

TEST_CASE("git accepts the pack and finds every object in it") {
  const ScratchDir scratch;
  const git::Snapshot snapshot = many_kinds_of_files();
  const auto objects = snapshot.objects_outside({});
  const std::string bytes = pack_of(objects, GENERATE(1U, 3U));
  std::ofstream(scratch / "p.pack", std::ios::binary) << bytes;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "index-pack --strict --stdin < '" + (scratch / "p.pack").string() + "'");
  const std::string all = git_in(
      scratch / "r", "cat-file --batch-all-objects --batch-check='%(objectname) %(objectsize)'");
  for (const auto& object : objects) {
    REQUIRE(all.find(object.id.hex() + " " + std::to_string(object.size)) != std::string::npos);
  }
}

TEST_CASE("a pack nobody reads to the end stops its threads") {
  const git::Snapshot snapshot = many_kinds_of_files();
  const auto objects = snapshot.objects_outside({});
  git::PackSource pack(objects, 2);
  std::vector<char> buffer(1000);
  CHECK(pack.read(buffer) > 0);
}

TEST_CASE("a file that cannot be read fails the pack instead of hanging it") {
  const BrokenContent broken;
  const std::vector<git::PackObject> objects = {
      {git::Oid{}, git::ObjectType::blob, 10, {}, &broken}};
  REQUIRE_THROWS_AS(pack_of(objects, 2), base::Error);
}

TEST_CASE("trees come out of a pack that git made, deltas included") {
  const ScratchDir scratch;
  shell("git init -q '" + (scratch / "w").string() + "'");
  const auto work = scratch / "w";
  git_in(work, "config user.name t");
  git_in(work, "config user.email t@t");
  for (int i = 0; i < 300; ++i)
    std::ofstream(work / ("file" + std::to_string(i))) << noise(200, 90);
  git_in(work, "add -A");
  git_in(work, "commit -qm one");
  std::ofstream(work / "file7") << "changed";
  git_in(work, "commit -qam two");
  git_in(work, "rev-list --objects --all | cut -c1-40 > '" + (work / "objects").string() + "'");
  const bool by_offset = GENERATE(true, false);
  git_in(work, std::string("pack-objects -q --stdout ") + (by_offset ? "--delta-base-offset" : "") +
                   " < '" + (work / "objects").string() + "' > '" + (work / "pack").string() + "'");
  std::ifstream in(work / "pack", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::string tree = git_in(work, "rev-parse HEAD^{tree}");
  const std::string commit = git_in(work, "rev-parse HEAD");

  SECTION("whole") {
    base::MemorySource source(bytes);
    bool saw_tree = false;
    bool saw_commit = false;
    git::read_commits_and_trees(source, [&](git::ObjectType, const git::Oid& id, std::string_view) {
      saw_tree = saw_tree || id.hex() == tree;
      saw_commit = saw_commit || id.hex() == commit;
      return true;
    });
    CHECK(saw_tree);
    CHECK(saw_commit);
  }
  SECTION("cut or damaged, it is an error") {
    const size_t at = GENERATE(0U, 5U, 11U, 12U, 13U, 200U);
    base::MemorySource cut(bytes.substr(0, at));
    REQUIRE_THROWS_AS(git::read_commits_and_trees(cut, [](git::ObjectType, const git::Oid&,
                                                          std::string_view) { return true; }),
                      base::Error);
  }
}
