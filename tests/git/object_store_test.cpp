#include "git/object_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/run_both.hpp"
#include "base/staged_content.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

git::Oid id_of(std::string_view content) {
  base::Hasher hasher(base::HashAlgorithm::sha1);
  return git::object_id(hasher, git::ObjectType::blob, content);
}

/// Of several lengths, so that some are kept together and some in files.
std::string text(unsigned number) {
  return std::string(1 + number * 37 % 9000, static_cast<char>('a' + number % 26)) +
         std::to_string(number);
}

/// Forty of them are more than what is kept in memory.
std::string large_text(unsigned number) {
  return std::string(500'000 + number, static_cast<char>('a' + number % 26));
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A new directory for what comes in.
std::string incoming(const ScratchDir& directory) {
  std::string path = directory / "incoming";
  std::filesystem::create_directory(path);
  return path;
}

/// A directory that blobs are put into.
class Place {
 public:
  explicit Place(const ScratchDir& directory)
      : path_(directory / "place"),
        root_((std::filesystem::create_directory(path_), base::RootedDir::open(path_))) {}

  std::string path(const std::string& name) const { return path_ + "/" + name; }
  /// Moves a blob's file here: 0, or what errno says.
  int take(const git::StoredBlob& blob, const std::string& name) const {
    return staged(blob).move_to(root_.fd(), name, {root_, name}) == 0 ? 0 : errno;
  }
  /// Puts a file here as whoever cannot move it does.
  void write(const git::StoredBlob& blob, const std::string& content,
             const std::string& name) const {
    std::ofstream(path(name), std::ios::binary) << content;
    staged(blob).stands_at({root_, name});
  }

 private:
  static const base::StagedContent& staged(const git::StoredBlob& blob) {
    return dynamic_cast<const base::StagedContent&>(*blob.content);
  }

  std::string path_;
  base::RootedDir root_;
};

}  // namespace

TEST_CASE("no blob is lost or mixed up while others are being written") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  constexpr unsigned count = 3000;
  for (unsigned i = 0; i < count; ++i) {
    store.blob(id_of(text(i)), text(i));
    // One that was just handed over, and one that is written by now, or about to be.
    for (const unsigned back : {i, i / 2}) {
      const std::string expected = text(back);
      std::string bytes(expected.size(), '\0');
      store.read_back(id_of(expected))->read_at(0, bytes);
      REQUIRE(bytes == expected);
    }
  }
  for (unsigned i = 0; i < count; ++i) {
    REQUIRE(store.find_blob(id_of(text(i))).size == text(i).size());
    REQUIRE(store.read_blob(id_of(text(i)), 10000) == text(i));
  }
}

TEST_CASE("what nobody takes goes to files that hold all of it") {
  const ScratchDir directory;
  git::ObjectStore store(incoming(directory));
  const Place place(directory);
  for (unsigned i = 0; i < 40; ++i) store.blob(id_of(large_text(i)), large_text(i));
  unsigned moved = 0;
  for (unsigned i = 0; i < 40; ++i) {
    const git::StoredBlob blob = store.find_blob(id_of(large_text(i)));
    if (place.take(blob, std::to_string(i)) != 0) continue;
    ++moved;
    REQUIRE(file_text(place.path(std::to_string(i))) == large_text(i));
  }
  // The last ones are still in memory.
  CHECK(moved > 20);
  CHECK(moved < 40);
}

TEST_CASE("a blob of two files is still read after the first took it") {
  const ScratchDir directory;
  git::ObjectStore store(incoming(directory));
  const Place place(directory);
  for (unsigned i = 0; i < 40; ++i) store.blob(id_of(large_text(i)), large_text(i));
  const git::StoredBlob moved = store.find_blob(id_of(large_text(0)));
  REQUIRE(place.take(moved, "moved") == 0);
  CHECK(place.take(moved, "again") == ENODATA);
  CHECK(store.read_blob(id_of(large_text(0)), 1'000'000) == large_text(0));

  const git::StoredBlob written = store.find_blob(id_of(large_text(39)));
  CHECK(place.take(written, "written") == ENODATA);
  place.write(written, large_text(39), "written");
  CHECK(place.take(store.find_blob(id_of(large_text(39))), "again") == ENODATA);
  CHECK(store.read_blob(id_of(large_text(39)), 1'000'000) == large_text(39));
}

TEST_CASE("memory does not grow with what was written already") {
  const ScratchDir directory;
  git::ObjectStore store(incoming(directory));
  const Place place(directory);
  for (unsigned i = 0; i < 200; ++i) {
    store.blob(id_of(large_text(i)), large_text(i));
    place.write(store.find_blob(id_of(large_text(i))), large_text(i), std::to_string(i));
  }
  // Nothing had to make room: all of them were written from memory.
  CHECK(std::filesystem::is_empty(directory / "incoming"));
}

TEST_CASE("runs of zeros take no room on the disk, and no byte is lost around them") {
  const ScratchDir directory;
  git::ObjectStore store(incoming(directory));
  const Place place(directory);
  const std::string zeros(1024 * 1024, '\0');
  const std::vector<std::string> contents = {zeros, "in front" + zeros, zeros + "behind",
                                             "both" + zeros + "sides"};
  for (const std::string& content : contents) store.blob(id_of(content), content);
  for (unsigned i = 0; i < 40; ++i) store.blob(id_of(large_text(i)), large_text(i));
  for (const std::string& content : contents) {
    REQUIRE(place.take(store.find_blob(id_of(content)), "zeros") == 0);
    const std::string path = place.path("zeros");
    CHECK(file_text(path) == content);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(status.st_blocks * 512 < 200 * 1024);
    std::filesystem::remove(path);
  }
}

TEST_CASE("a disk that cannot be written to ends the fetch") {
  const ScratchDir directory;
  const std::string gone = directory / "gone";
  std::filesystem::create_directory(gone);
  git::ObjectStore store(gone);
  std::filesystem::remove_all(gone);
  const std::string message = message_of([&] {
    for (unsigned i = 0; i < 60; ++i) store.blob(id_of(large_text(i)), large_text(i));
  });
  CHECK(message.find("write " + gone) != message.npos);
}

TEST_CASE("whoever looks objects up while they come misses none") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  constexpr unsigned count = 4000;
  const auto fetch = [&] {
    // Every other one comes much later than it is wanted.
    for (unsigned i = 0; i < count; i += 2) store.blob(id_of(text(i)), text(i));
    for (unsigned i = 1; i < count; i += 2) store.blob(id_of(text(i)), text(i));
    store.tree(id_of("tree"), "");
    store.complete();
  };
  unsigned wrong = 0;
  base::run_both(fetch, [&] {
    for (unsigned i = 0; i < count; ++i) {
      if (store.read_blob(id_of(text(i)), 10000) != text(i)) ++wrong;
    }
    (void)store.tree_entries(id_of("tree"));
  });
  CHECK(wrong == 0);
}

TEST_CASE("what a delta builds on is right while files move into the tree") {
  const ScratchDir directory;
  git::ObjectStore store(incoming(directory));
  const Place place(directory);
  constexpr unsigned count = 3000;
  const auto content = [](unsigned i) { return i % 50 == 0 ? large_text(i) : text(i); };
  unsigned wrong = 0;
  const auto fetch = [&] {
    for (unsigned i = 0; i < count; ++i) {
      store.blob(id_of(content(i)), content(i));
      // Of some that are being taken now, and some that are in the tree for long.
      for (const unsigned base : {i, i - i % 7, i / 3}) {
        const std::string expected = content(base);
        std::string bytes(expected.size(), '\0');
        store.read_back(id_of(expected))->read_at(0, bytes);
        if (bytes != expected) ++wrong;
      }
    }
    store.complete();
  };
  base::run_both(fetch, [&] {
    for (unsigned i = 0; i < count; ++i) {
      const unsigned number = (i * 7) % count;
      const git::StoredBlob blob = store.find_blob(id_of(content(number)));
      const std::string name = std::to_string(number);
      if (place.take(blob, name) != 0) place.write(blob, content(number), name);
    }
  });
  CHECK(wrong == 0);
  for (unsigned i = 0; i < count; ++i) {
    REQUIRE(file_text(place.path(std::to_string(i))) == content(i));
  }
}

TEST_CASE("an object that never comes is missed when all have come, not waited for") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  store.blob(id_of("one"), "one");
  const auto look_up = [&] {
    (void)store.find_blob(id_of("one"));
    (void)store.find_blob(id_of("two"));
  };
  const std::string message =
      message_of([&] { base::run_both([&] { store.complete(); }, look_up); });
  CHECK(contains(message, "did not send the file content " + id_of("two").hex()));
}

TEST_CASE("a fetch that breaks off does not leave anybody waiting") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  const auto fetch = [] { throw base::Error("cut off"); };
  CHECK(message_of([&] { base::run_both(fetch, [&] { (void)store.find_blob(id_of("one")); }); }) ==
        "cut off");
}

TEST_CASE("a large blob that is not finished leaves nothing") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  {
    const auto large = store.begin_large(5'000'000);
    large->write("the beginning");
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}
