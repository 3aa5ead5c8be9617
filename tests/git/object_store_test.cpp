#include "git/object_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
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

const base::StagedContent& staged(const git::StoredBlob& blob) {
  return dynamic_cast<const base::StagedContent&>(*blob.content);
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

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

TEST_CASE("a file is never taken before all of it is written") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  for (unsigned i = 0; i < 40; ++i) {
    const std::string content(500'000 + i, static_cast<char>('a' + i % 26));
    store.blob(id_of(content), content);
    const git::StoredBlob blob = store.find_blob(id_of(content));
    REQUIRE(file_text(staged(blob).available()) == content);
  }
}

TEST_CASE("a blob of two files is still read after the first took it") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  const std::string content(5000, 'x');
  store.blob(id_of(content), content);
  const git::StoredBlob first = store.find_blob(id_of(content));
  const std::string path = directory / "taken";
  std::filesystem::rename(staged(first).available(), path);
  staged(first).taken(path);
  const git::StoredBlob second = store.find_blob(id_of(content));
  CHECK(staged(second).available().empty());
  CHECK(store.read_blob(id_of(content), 5000) == content);
}

TEST_CASE("runs of zeros take no room on the disk, and no byte is lost around them") {
  const ScratchDir directory;
  git::ObjectStore store(directory.path().string());
  const std::string zeros(1024 * 1024, '\0');
  for (const std::string& content :
       {zeros, "in front" + zeros, zeros + "behind", "both" + zeros + "sides"}) {
    store.blob(id_of(content), content);
    const std::string path = staged(store.find_blob(id_of(content))).available();
    CHECK(file_text(path) == content);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(status.st_blocks * 512 < 200 * 1024);
  }
}

TEST_CASE("a disk that cannot be written to ends the fetch") {
  const ScratchDir directory;
  const std::string gone = directory / "gone";
  std::filesystem::create_directory(gone);
  git::ObjectStore store(gone);
  std::filesystem::remove_all(gone);
  const std::string content(5000, 'x');
  const std::string message = message_of([&] {
    store.blob(id_of(content), content);
    (void)staged(store.find_blob(id_of(content))).available();
  });
  CHECK(message.find("write " + gone) != message.npos);
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
