#include "git/blob_spool.hpp"

#include <fstream>

#include "base/error.hpp"
#include "git/open_content.hpp"
#include "git/pack_source.hpp"
#include "git/snapshot.hpp"
#include "git/support/entries.hpp"
#include "git/support/git_program.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/noise.hpp"
#include "support/scratch_dir.hpp"

namespace {

std::vector<std::pair<std::string, std::string>> files() {
  std::vector<std::pair<std::string, std::string>> all = {{"empty", ""},
                                                          {"large", noise(3'000'000, 7)},
                                                          {"random", noise(1'500'000, 256)},
                                                          {"unit", noise(512 * 1024, 9)},
                                                          {"over", noise(512 * 1024 + 1, 9)}};
  for (size_t i = 0; i < 400; ++i) all.emplace_back("f" + std::to_string(i), noise(i * 37, 20));
  return all;
}

}  // namespace

TEST_CASE("spooled files give the same tree as plain ones, and a pack git accepts") {
  const ScratchDir scratch;
  git::BlobSpool spool(scratch.path().string(), 3);
  std::vector<base::Entry> plain;
  std::vector<base::Entry> spooled;
  for (const auto& [name, bytes] : files()) {
    plain.push_back(file(name, bytes));
    base::MemorySource source(bytes);
    spooled.push_back(plain.back());
    spooled.back().content = spool.store(source, bytes.size());
  }
  spool.finish();
  CHECK(std::filesystem::is_empty(scratch.path()));
  const auto snapshot_of = [](std::vector<base::Entry> entries) {
    git::Snapshot snapshot;
    ListedEntries source(std::move(entries));
    snapshot.add_image(source, "rootfs");
    snapshot.hash();
    return snapshot;
  };
  const git::Snapshot from_plain = snapshot_of(plain);
  const git::Snapshot from_spool = snapshot_of(spooled);
  REQUIRE(from_spool.tree() == from_plain.tree());

  const auto objects = from_spool.objects_outside({});
  git::PackSource pack(objects, 2);
  std::ofstream(scratch / "p.pack", std::ios::binary) << base::read_all(pack, 1 << 28, "pack");
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "index-pack --strict --stdin < '" + (scratch / "p.pack").string() + "'");
  for (const auto& object : objects) {
    CHECK(git_in(scratch / "r", "cat-file -s " + object.id.hex()) == std::to_string(object.size));
  }
}

TEST_CASE("a spooled file read in small pieces does not seem to end early") {
  const ScratchDir scratch;
  git::BlobSpool spool(scratch.path().string(), 1);
  const std::string bytes = noise(300'000, 20);
  base::MemorySource source(bytes);
  const auto content = spool.store(source, bytes.size());
  spool.finish();
  for (const size_t piece : {size_t{1}, size_t{1000}, size_t{16} * 1024}) {
    const auto stream = git::open_content(content, bytes.size());
    std::string all;
    std::vector<char> buffer(piece);
    while (const size_t count = stream->read(buffer)) all.append(buffer.data(), count);
    CHECK(all == bytes);
  }
}

TEST_CASE("the pieces of a large spooled file join where they meet, and end where they end") {
  const ScratchDir scratch;
  git::BlobSpool spool(scratch.path().string(), 1);
  const std::string bytes = noise(3'000'000, 256);
  base::MemorySource source(bytes);
  const auto content = spool.store(source, bytes.size());
  spool.finish();
  const auto& packed = dynamic_cast<const git::PackedContent&>(*content);
  std::string whole(packed.packed_size(), 0);
  packed.read_packed(0, whole);
  for (size_t at = 0; at < whole.size(); at += 999) {
    std::string part(std::min<size_t>(2000, whole.size() - at), 0);
    packed.read_packed(at, part);
    REQUIRE(part == whole.substr(at, part.size()));
  }
  std::string more(2, 0);
  REQUIRE_THROWS_AS(packed.read_packed(whole.size() - 1, more), base::Error);
  packed.read_packed(whole.size(), std::span<char>());
}

TEST_CASE("a file that ends early is an error, not a short blob") {
  const ScratchDir scratch;
  git::BlobSpool spool(scratch.path().string(), 1);
  base::MemorySource small("abc");
  REQUIRE_THROWS_AS(spool.store(small, 4), base::Error);
  base::MemorySource large(noise(600'000, 3));
  REQUIRE_THROWS_AS(spool.store(large, 700'000), base::Error);
}

TEST_CASE("a spool that is given up in the middle leaves nothing behind") {
  const ScratchDir scratch;
  {
    git::BlobSpool spool(scratch.path().string(), 2);
    for (int i = 0; i < 100; ++i) {
      base::MemorySource source(noise(50'000, 30));
      spool.store(source, 50'000);
    }
  }
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("a directory that cannot be written to is an error that names it") {
  CHECK(
      contains(message_of([&] { git::BlobSpool spool("/does/not/exist", 1); }), "/does/not/exist"));
}
