#include "resource/restore_image.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/cancel.hpp"
#include "base/run_both.hpp"
#include "resource/support/commit_objects.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

namespace fs = std::filesystem;
using Objects = std::vector<CommitObjects::Object>;

/// A destination, and the restoring of a commit into it.
class Restoring {
 public:
  explicit Restoring(const git::Oid& commit) : commit_(commit) { fs::create_directory(staging_); }

  /// `fetch` hands the objects over; whatever it leaves out does not come.
  template <class Fetch>
  void run(Fetch fetch) {
    git::ObjectStore store(staging_);
    const resource::ImageInCommit image{store, commit_, source_, path_, staging_, limits, log_};
    rootfs::Tree tree(path_ + "/rootfs", log_);
    const auto fetch_all = [&] {
      fetch(store);
      store.complete();
    };
    base::run_both(fetch_all, [&] { resource::restore_rootfs(image, tree); });
    resource::finish_image(image, tree);
  }
  void run(const Objects& objects) {
    run([&](git::ObjectStore& store) {
      for (const auto& object : objects) CommitObjects::hand_over(object, store);
    });
  }

  fs::path path(const std::string& name) const { return fs::path(path_) / name; }
  std::string text(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  unsigned mode(const std::string& name) const {
    struct stat status {};
    REQUIRE(::lstat(path(name).c_str(), &status) == 0);
    return status.st_mode & 07777U;
  }
  /// Until the other thread has made this file; Error when that seems not to happen.
  void wait_for(const std::string& name) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!fs::exists(path(name))) {
      base::throw_if_cancelled();
      if (std::chrono::steady_clock::now() > end) throw base::Error(name + " was not written");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  rootfs::Limits limits;

 private:
  ScratchDir directory_;
  git::Oid commit_;
  std::string path_ = directory_.path().string();
  std::string staging_ = directory_ / ".incoming";
  resource::GitSource source_;
  base::Log log_{-1};
};

constexpr const char* metadata = R"({"env":["A=b"]})";

/// A commit of an image without a manifest.
git::Oid by_hand(CommitObjects& objects, std::vector<git::TreeEntry> rootfs,
                 std::vector<git::TreeEntry> beside = {}) {
  beside.push_back(objects.directory("rootfs", std::move(rootfs)));
  beside.push_back(objects.file("metadata.json", metadata));
  return objects.commit(objects.tree(beside));
}

/// A commit of an image with one.
git::Oid published(CommitObjects& objects, std::vector<git::TreeEntry> rootfs,
                   const std::string& manifest) {
  return by_hand(objects, std::move(rootfs),
                 {objects.directory(".rootfs", {objects.file("manifest.mtree", manifest)})});
}

rootfs::ManifestEntry listed(std::string path, base::EntryKind kind, uint32_t mode,
                             uint64_t size = 0) {
  rootfs::ManifestEntry line;
  line.entry.path = std::move(path);
  line.entry.kind = kind;
  line.entry.mode = mode;
  line.entry.uid = ::getuid();
  line.entry.gid = ::getgid();
  line.entry.size = size;
  return line;
}

rootfs::ManifestEntry listed_file(std::string path, uint64_t size, uint32_t mode = 0644) {
  return listed(std::move(path), base::EntryKind::file, mode, size);
}

rootfs::ManifestEntry listed_directory(std::string path, uint32_t mode = 0755) {
  return listed(std::move(path), base::EntryKind::directory, mode);
}

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
  CHECK(restoring.text("metadata.json") == metadata);
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
  std::string large = metadata;
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
