#include "git/snapshot.hpp"

#include "base/error.hpp"
#include "git/path_rules.hpp"
#include "git/support/entries.hpp"
#include "support/catch.hpp"
#include "support/colliding_names.hpp"
#include "support/message_of.hpp"

using base::EntryKind;

namespace {

git::Snapshot snapshot_of(std::vector<base::Entry> entries, unsigned threads = 2,
                          git::EmptyDirectory empty = git::EmptyDirectory::keep) {
  git::Snapshot snapshot(empty, threads);
  ListedEntries source(std::move(entries));
  snapshot.add_image(source, "rootfs");
  snapshot.hash();
  return snapshot;
}

/// The entry at `path` below rootfs, looked up in the encoded trees.
std::optional<git::TreeEntry> find(const git::Snapshot& snapshot, const std::string& path) {
  const auto objects = snapshot.objects_outside({});
  git::TreeEntry current{git::mode_directory, "", snapshot.tree()};
  std::string rest = "rootfs/" + path;
  while (!rest.empty()) {
    const std::string name = rest.substr(0, rest.find('/'));
    rest.erase(0, name.size() + 1);
    bool found = false;
    for (const auto& object : objects) {
      if (object.id != current.id) continue;
      for (const auto& entry : git::parse_tree(object.bytes)) {
        if (entry.name == name) {
          current = entry;
          found = true;
        }
      }
      break;
    }
    if (!found) return std::nullopt;
  }
  return current;
}

/// A file to which hard links follow.
base::Entry first_name(std::string path, std::string bytes, uint32_t mode = 0644) {
  base::Entry entry = file(std::move(path), std::move(bytes), mode);
  entry.has_other_names = true;
  return entry;
}

}  // namespace

TEST_CASE("the same image gives the same tree, whatever the threads and the order of names") {
  std::vector<base::Entry> entries = {directory("a"), directory("b")};
  for (int i = 0; i < 50; ++i) {
    entries.push_back(
        file("a/f" + std::to_string(i), std::string(static_cast<size_t>(i) * 1000, 'x')));
  }
  const git::Oid tree = snapshot_of(entries, 1).tree();
  CHECK(snapshot_of(entries, 4).tree() == tree);
  std::swap(entries[5], entries[20]);
  CHECK(snapshot_of(entries, 2).tree() == tree);
}

TEST_CASE("an empty directory is not lost") {
  const auto snapshot = snapshot_of({directory("empty"), directory("full"), file("full/x", "1")});
  CHECK(find(snapshot, "empty/.keep"));
  CHECK_FALSE(find(snapshot, "full/.keep"));
  CHECK(snapshot.summary().placeholders == 1);
}

TEST_CASE("a directory that gets a .git back is no submodule, whose settings git would obey") {
  const auto snapshot =
      snapshot_of({directory("a"), directory("a/.git"), file("a/.git/config", "x"), directory("b")},
                  2, git::EmptyDirectory::gitlink);
  CHECK(find(snapshot, "a")->mode == git::mode_directory);
  CHECK(find(snapshot, "a/.keep"));
  CHECK(find(snapshot, "b")->mode == git::mode_gitlink);
}

TEST_CASE("executable bits and symlinks survive, other modes become the plain ones") {
  const auto snapshot = snapshot_of({file("run", "#!", 04750), file("secret", "x", 0600),
                                     link("l", EntryKind::symlink, "/etc/passwd")});
  CHECK(find(snapshot, "run")->mode == git::mode_executable);
  CHECK(find(snapshot, "secret")->mode == git::mode_file);
  CHECK(find(snapshot, "l")->mode == git::mode_symlink);
  CHECK(snapshot.summary().setuid == 1);
  CHECK(snapshot.summary().permissions == 2);
}

TEST_CASE("a hard-linked file is stored and counted once") {
  const auto snapshot =
      snapshot_of({first_name("a", "same", 0755), link("b", EntryKind::hardlink, "a"),
                   link("c", EntryKind::hardlink, "a")});
  CHECK(find(snapshot, "b")->id == find(snapshot, "a")->id);
  CHECK(find(snapshot, "c")->mode == git::mode_executable);
  CHECK(snapshot.summary().files == 1);
  CHECK(snapshot.summary().hardlinks == 2);
}

TEST_CASE("a further name of a file whose first name git refuses keeps the content") {
  auto other = link("kept", EntryKind::hardlink, ".git/x");
  other.size = 4;
  other.mode = 0644;
  other.content = std::make_shared<MemoryContent>("data");
  const auto snapshot = snapshot_of({directory(".git"), first_name(".git/x", "data"), other});
  CHECK(find(snapshot, "kept"));
  CHECK(snapshot.summary().refused == std::vector<std::string>{".git"});
}

TEST_CASE("nothing disappears without being counted") {
  auto capability = file("ping", "x", 0755);
  capability.xattrs = {{"security.capability", "v"}, {"user.note", "n"}};
  auto owned = directory("home");
  owned.uid = 1000;
  const auto snapshot = snapshot_of({directory("dev"),
                                     special("dev/null", EntryKind::char_device),
                                     file("dev/notes", "x"),
                                     directory("dev/sub"),
                                     file("dev/sub/deep", "x"),
                                     special("pipe", EntryKind::fifo),
                                     special("sock", EntryKind::socket),
                                     special("disk", EntryKind::block_device),
                                     capability,
                                     owned,
                                     directory("app"),
                                     file("app/.gitattributes", "* text"),
                                     directory("app/.GIT"),
                                     file("app/.GIT/config", "x"),
                                     directory("app/.GIT/hooks"),
                                     file("app/.GIT/hooks/post-checkout", "x", 0755),
                                     directory("app/.GIT/hooks/d"),
                                     file("app/.GIT/hooks/d/deep", "x"),
                                     file("app/.GIT-kept", "x"),
                                     file("app/.gitignore", "*"),
                                     link("bad", EntryKind::symlink, ""),
                                     directory("usr"),
                                     directory("usr/dev"),
                                     file("usr/dev/kept", "x")});
  const auto& sum = snapshot.summary();
  CHECK(sum.devices == 2);
  CHECK(sum.below_dev == 3);
  CHECK(sum.fifos == 1);
  CHECK(sum.sockets == 1);
  CHECK(sum.capabilities == 1);
  CHECK(sum.xattrs == 1);
  CHECK(sum.owners == 1);
  CHECK(sum.refused == std::vector<std::string>{"app/.gitattributes", "app/.GIT", "bad"});
  CHECK(sum.below_refused == 5);
  CHECK(find(snapshot, "dev/.keep"));
  CHECK_FALSE(find(snapshot, "dev/sub"));
  CHECK_FALSE(find(snapshot, "app/.GIT"));
  CHECK(find(snapshot, "app/.GIT-kept"));
  CHECK(find(snapshot, "app/.gitignore"));
  CHECK(find(snapshot, "usr/dev/kept"));
}

TEST_CASE("a link text that no checkout can make is left out, not pushed") {
  const auto snapshot =
      snapshot_of({link("fits", EntryKind::symlink, std::string(git::longest_link, 'x')),
                   link("long", EntryKind::symlink, std::string(git::longest_link + 1, 'x'))});
  CHECK(find(snapshot, "fits"));
  CHECK_FALSE(find(snapshot, "long"));
  CHECK(snapshot.summary().refused == std::vector<std::string>{"long"});
}

TEST_CASE("only the file that was put there is taken for a placeholder") {
  CHECK(git::is_placeholder({git::mode_file, ".keep", git::empty_blob()}));
  CHECK(git::is_placeholder({git::mode_executable, ".keep", git::empty_blob()}));
  git::Oid other = git::empty_blob();
  other.bytes[19] ^= 1;
  CHECK_FALSE(git::is_placeholder({git::mode_file, ".keep", other}));
  CHECK_FALSE(git::is_placeholder({git::mode_file, ".keeper", git::empty_blob()}));
  CHECK_FALSE(git::is_placeholder({git::mode_symlink, ".keep", git::empty_blob()}));
  CHECK_FALSE(git::is_placeholder({git::mode_directory, ".keep", git::empty_blob()}));
}

TEST_CASE("a path too long for any checkout is left out, not pushed") {
  std::vector<base::Entry> entries;
  std::string path;
  for (int i = 0; i < 20; ++i) {
    path += (path.empty() ? "" : "/") + std::string(203, 'd');
    entries.push_back(directory(path));
  }
  // "rootfs/" and 20 names with 19 slashes are 4086 bytes.
  entries.push_back(file(path + "/fits4095", "x"));
  entries.push_back(file(path + "/toolong4096", "x"));
  // Their placeholders end at 4095 and 4096.
  entries.push_back(directory(path + "/ok"));
  entries.push_back(directory(path + "/not"));
  const auto snapshot = snapshot_of(entries);
  CHECK(snapshot.summary().refused ==
        std::vector<std::string>{path + "/toolong4096", path + "/not"});
  CHECK(find(snapshot, path + "/ok/.keep"));
}

TEST_CASE("what the server has is not sent, what it lacks is sent once") {
  const auto snapshot = snapshot_of(
      {directory("a"), file("a/x", "1"), file("a/y", "1"), directory("b"), file("b/z", "2")});
  // Root, rootfs, a, b and two distinct blobs.
  CHECK(snapshot.objects_outside({}).size() == 6);
  const git::Oid a = find(snapshot, "a")->id;
  CHECK(snapshot.objects_outside({a}).size() == 4);
  CHECK(snapshot.objects_outside({snapshot.tree()}).empty());
  CHECK(snapshot.blob_ids_outside({a}) == std::vector<git::Oid>{find(snapshot, "b/z")->id});
}

TEST_CASE("a file that changes while it is read is an error, not a broken tree") {
  auto shrunk = file("log", "0123456789");
  shrunk.size = 20;
  git::Snapshot snapshot;
  ListedEntries source({shrunk});
  snapshot.add_image(source, "rootfs");
  REQUIRE_THROWS_AS(snapshot.hash(), base::Error);
}

TEST_CASE("many hard links to the files of one directory take no long time") {
  constexpr int count = 150'000;
  std::vector<base::Entry> entries = {directory("a"), directory("b")};
  for (int i = 0; i < count; ++i) entries.push_back(first_name("a/" + std::to_string(i), "x"));
  for (int i = 0; i < count; ++i) {
    const std::string name = std::to_string(i);
    entries.push_back(link("b/" + name, EntryKind::hardlink, "a/" + name));
  }
  CHECK(snapshot_of(entries).summary().hardlinks == count);
}

TEST_CASE("a directory that no get could read is refused by name") {
  const size_t entry_size = std::string("100644 ").size() + 250 + 1 + 20;
  const auto many = [](size_t count) {
    std::vector<base::Entry> entries = {directory("many")};
    for (size_t i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      entries.push_back(file("many/" + std::string(250 - number.size(), 'x') + number, ""));
    }
    return entries;
  };
  const size_t most = git::largest_tree / entry_size;
  CHECK(snapshot_of(many(most)).summary().files == most);
  const std::string refusal = message_of([&] { snapshot_of(many(most + 1)); });
  CHECK(contains(refusal, "directory many has 241,399 entries"));
}

TEST_CASE("names that are made for it do not keep a put busy for hours") {
  constexpr size_t count = 100'000;
  std::vector<base::Entry> entries;
  // In a map by hash, each would be compared with all before it.
  for (const std::string& name : colliding_names("rootfs/d", count)) {
    entries.push_back(directory("d" + name));
  }
  for (const std::string& name : colliding_names("rootfs/f", count)) {
    entries.push_back(first_name("f" + name, "x"));
  }
  CHECK(snapshot_of(entries).summary().directories == count);
}

TEST_CASE("a hard link of a symbolic link is not lost") {
  auto first = link("a", EntryKind::symlink, "target");
  first.has_other_names = true;
  const auto snapshot = snapshot_of({first, link("b", EntryKind::hardlink, "a")});
  REQUIRE(find(snapshot, "b"));
  CHECK(find(snapshot, "b")->mode == git::mode_symlink);
  CHECK(find(snapshot, "b")->id == find(snapshot, "a")->id);
}
