#include "resource/support/restoring.hpp"
#include "support/message_of.hpp"

namespace {

namespace fs = std::filesystem;

}  // namespace

TEST_CASE("an object of another kind than its name says is missed, not waited for") {
  CommitObjects objects;
  const git::TreeEntry good = objects.file("file", "content");
  const git::Oid tree = objects.tree({good});
  git::Oid commit;
  SECTION("a tree as a file") {
    commit = by_hand(objects, {{git::mode_file, "bad", tree}});
  }
  SECTION("a tree as a link") {
    commit = by_hand(objects, {{git::mode_symlink, "bad", tree}});
  }
  SECTION("a file as a tree") {
    commit = by_hand(objects, {{git::mode_directory, "bad", good.id}});
  }
  SECTION("a commit as a file") {
    commit = by_hand(objects, {{git::mode_file, "bad", objects.commit(tree)}});
  }
  SECTION("a file as the commit's tree") {
    commit = objects.commit(good.id);
  }
  SECTION("a tree as the commit") {
    commit = tree;
  }
  SECTION("a submodule as metadata.json") {
    commit = objects.commit(objects.tree(
        {objects.directory("rootfs", {}), {git::mode_gitlink, "metadata.json", tree}}));
  }
  Restoring restoring(commit);
  CHECK(contains(message_of([&] { restoring.run(objects.in_order()); }), "did not send the"));
  CHECK_FALSE(fs::exists(restoring.path("rootfs")));
  CHECK_FALSE(fs::exists(restoring.path("metadata.json")));
}

TEST_CASE("a metadata.json of absurd size is refused") {
  CommitObjects objects;
  const git::Oid commit = objects.commit(
      objects.tree({objects.directory("rootfs", {objects.file("a", "a")}),
                    objects.file("metadata.json", std::string(17 * 1024 * 1024, ' '))}));
  Restoring restoring(commit);
  CHECK(contains(message_of([&] { restoring.run(objects.in_order()); }), "metadata.json"));
  CHECK_FALSE(fs::exists(restoring.path("metadata.json")));
}

TEST_CASE("a link that is too long is refused by its name") {
  CommitObjects objects;
  const git::TreeEntry link = {git::mode_symlink, "endless", objects.blob(std::string(5'000, 'a'))};
  rootfs::ManifestEntry line = listed("endless", base::EntryKind::symlink, 0777);
  line.entry.link = "a";
  const bool with_manifest = GENERATE(false, true);
  const git::Oid commit =
      with_manifest ? published(objects, {link}, manifest_of({listed_directory(""), line}))
                    : by_hand(objects, {link});
  Restoring restoring(commit);
  const std::string message = message_of([&] { restoring.run(objects.in_order()); });
  CHECK(contains(message, "\"endless\": a symbolic link cannot be so long"));
  CHECK_FALSE(fs::exists(restoring.path("metadata.json")));
}

TEST_CASE("other content cannot hide behind a further name of a further name") {
  CommitObjects objects;
  rootfs::ManifestEntry second = listed_file("second", 4);
  second.hardlink = "first";
  rootfs::ManifestEntry third = listed_file("third", 4);
  third.hardlink = "second";
  const std::string manifest =
      manifest_of({listed_directory(""), listed_file("first", 4), second, third});
  const auto commit_with = [&](const std::string& text) {
    return published(objects,
                     {objects.file("first", "same"), objects.file("second", "same"),
                      objects.file("third", text)},
                     manifest);
  };
  Restoring good(commit_with("same"));
  good.run(objects.in_order());
  CHECK(fs::hard_link_count(good.path("rootfs/third")) == 3);
  Restoring bad(commit_with("evil"));
  CHECK(contains(message_of([&] { bad.run(objects.in_order()); }), "do not agree"));
}

TEST_CASE("trees that name each other many times are walked within the limits") {
  CommitObjects objects;
  std::vector<git::TreeEntry> entries = {objects.file("file", "x")};
  for (unsigned level = 0; level < 12; ++level) {
    const git::Oid below = objects.tree(entries);
    entries.clear();
    for (char name = 'a'; name <= 'j'; ++name) {
      entries.push_back({git::mode_directory, std::string(1, name), below});
    }
  }
  Restoring restoring(by_hand(objects, entries));
  restoring.limits.entries = 1000;
  const std::string message = message_of([&] { restoring.run(objects.in_order()); });
  CHECK(contains(message, "limits.entries"));
}
