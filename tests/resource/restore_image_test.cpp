#include <algorithm>
#include <random>

#include "resource/support/restoring.hpp"

namespace {

namespace fs = std::filesystem;
using Objects = std::vector<CommitObjects::Object>;

/// Twelve of them are more than what is kept in memory.
std::string content(unsigned number) {
  return std::string(600'000 + number, static_cast<char>('a' + number));
}

}  // namespace

TEST_CASE("the order in which objects come does not show in the image") {
  CommitObjects objects;
  std::vector<git::TreeEntry> files;
  std::vector<rootfs::ManifestEntry> lines = {listed_directory(""), listed_directory("opt")};
  // Each content under names that cannot give it to each other, the unreadable one in front once
  // and behind once.
  const std::vector<uint32_t> modes = {0, 0644, 0600, 0200, 0755, 0111};
  for (unsigned i = 0; i < 12; ++i) {
    const std::string text = i == 11 ? std::string(5'000'000, 'x') : content(i);
    for (size_t k = 0; k < modes.size(); ++k) {
      const uint32_t mode = modes[(k + i) % modes.size()];
      const std::string name = {static_cast<char>('a' + i), static_cast<char>('0' + k)};
      const bool executable = (mode & 0111U) != 0;
      files.push_back(
          {executable ? git::mode_executable : git::mode_file, name, objects.blob(text)});
      lines.push_back(listed_file("opt/" + name, text.size(), mode));
    }
  }
  const git::Oid commit = published(objects, {objects.directory("opt", files)}, manifest_of(lines));
  Objects order = objects.in_order();
  SECTION("as git sends them") {}
  SECTION("the other way round") {
    std::reverse(order.begin(), order.end());
  }
  SECTION("each one twice") {
    const Objects once = order;
    order.insert(order.end(), once.begin(), once.end());
  }
  SECTION("mixed") {
    std::shuffle(order.begin(), order.end(), std::mt19937(17));
  }
  Restoring restoring(commit);
  restoring.run(order);
  for (size_t i = 2; i < lines.size(); ++i) {
    const std::string path = "rootfs/" + lines[i].entry.path;
    CHECK(restoring.mode(path) == lines[i].entry.mode);
    fs::permissions(restoring.path(path), fs::perms::owner_read);
    const std::string text = restoring.text(path);
    CHECK(text.size() == lines[i].entry.size);
    const char letter = path[path.size() - 2];
    CHECK(text.find_first_not_of(letter == 'l' ? 'x' : letter) == text.npos);
  }
  CHECK(restoring.text("metadata.json") == some_metadata);
}

TEST_CASE("files of an image made by hand are written while the rest is on its way") {
  CommitObjects objects;
  std::vector<git::TreeEntry> beside;
  SECTION("without attributes") {}
  SECTION("with attributes that filter nothing") {
    beside.push_back(objects.file(".gitattributes", "* -text\n"));
  }
  SECTION("with attributes for other files") {
    beside.push_back(objects.file(".gitattributes", "*.bin filter=lfs\n"));
  }
  const git::Oid commit =
      by_hand(objects, {objects.file("first", "first"), objects.file("second", "second")}, beside);
  Restoring restoring(commit);
  restoring.run([&](git::ObjectStore& store) {
    for (const auto& object : objects.in_order()) {
      if (object.content == "second") restoring.wait_for("rootfs/first");
      CommitObjects::hand_over(object, store);
    }
  });
  CHECK(restoring.text("rootfs/second") == "second");
}

TEST_CASE("what was moved into the image can be read until the fetch has ended") {
  CommitObjects objects;
  const std::string text(5'000'000, 'x');
  const git::Oid commit = published(
      objects,
      {objects.directory("locked", {objects.file("base", text)}), objects.file("other", "other")},
      manifest_of({listed_directory(""), listed_directory("locked", 0),
                   listed_file("locked/base", text.size()), listed_file("other", 5)}));
  const auto& all = objects.all();
  const auto base = std::find_if(all.begin(), all.end(), [&](const auto& object) {
    return object.type == git::ObjectType::blob && object.content == text;
  });
  Restoring restoring(commit);
  restoring.run([&](git::ObjectStore& store) {
    for (const auto& object : objects.in_order()) CommitObjects::hand_over(object, store);
    restoring.wait_for(".rootfs/manifest.mtree");
    // Others than root could not pass through it any more.
    CHECK(restoring.mode("rootfs/locked") != 0);
    std::string bytes(text.size(), '\0');
    store.read_back(base->id)->read_at(0, bytes);
    CHECK(bytes == text);
  });
  CHECK(restoring.mode("rootfs/locked") == 0);
}

TEST_CASE("a manifest and a metadata.json beyond 4 MiB are taken, even when files are the same") {
  CommitObjects objects;
  // A manifest that lists itself as a file.
  std::vector<rootfs::ManifestEntry> lines = {listed_directory(""), listed_file("copy", 5'000'000),
                                              listed_file("twin", 6'000'000)};
  std::string name(100, 'n');
  std::vector<git::TreeEntry> rootfs;
  const git::TreeEntry empty = objects.file("", "");
  for (unsigned i = 10'000; i < 38'000; ++i) {
    rootfs.push_back({git::mode_file, "x" + std::to_string(i) + name, empty.id});
    lines.push_back(listed_file(rootfs.back().name, 0));
  }
  lines[1].entry.size = manifest_of(lines).size();
  const std::string manifest = manifest_of(lines);
  REQUIRE(manifest.size() == lines[1].entry.size);
  REQUIRE(manifest.size() > git::largest_whole_blob);
  std::string large = some_metadata;
  large.resize(6'000'000, ' ');
  rootfs.push_back(objects.file("copy", manifest));
  rootfs.push_back(objects.file("twin", large));
  const git::Oid commit = objects.commit(
      objects.tree({objects.directory("rootfs", rootfs), objects.file("metadata.json", large),
                    objects.directory(".rootfs", {objects.file("manifest.mtree", manifest)})}));
  Restoring restoring(commit);
  restoring.run(objects.in_order());
  CHECK(restoring.text("rootfs/copy") == manifest);
  CHECK(restoring.text(".rootfs/manifest.mtree") == manifest);
  CHECK(restoring.text("rootfs/twin") == large);
  CHECK(restoring.text("metadata.json") == large);
}

TEST_CASE("a file that has the name of a whiteout is not lost, and hides nothing") {
  CommitObjects objects;
  const std::vector<git::TreeEntry> files = {objects.file(".wh.kept", "one"),
                                             objects.file("kept", "two")};
  const bool with_manifest = GENERATE(false, true);
  const git::Oid commit =
      with_manifest ? published(objects, files,
                                manifest_of({listed_directory(""), listed_file(".wh.kept", 3),
                                             listed_file("kept", 3)}))
                    : by_hand(objects, files);
  Restoring restoring(commit);
  restoring.run(objects.all());
  CHECK(restoring.text("rootfs/.wh.kept") == "one");
  CHECK(restoring.text("rootfs/kept") == "two");
}
