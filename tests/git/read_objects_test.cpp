#include <limits>

#include "git/pack_parser.hpp"
#include "git/pack_reader.hpp"
#include "git/pack_records.hpp"
#include "git/support/collecting_sink.hpp"
#include "git/support/pack_builder.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

using git::ObjectType;

git::Oid id_of(std::string_view content, ObjectType type = ObjectType::blob) {
  base::Hasher hasher(base::HashAlgorithm::sha1);
  return git::object_id(hasher, type, content);
}

void read(std::string pack, git::ObjectSink& sink) {
  base::MemorySource source(std::move(pack));
  git::read_objects(source, sink);
}

/// What reading the pack says is wrong with it; "" when nothing is.
std::string complaint(const std::string& pack) {
  CollectingSink sink;
  return message_of([&] { read(pack, sink); });
}

/// Counts how often a blob is read from, for which a file would have to be opened.
class CountingSink : public CollectingSink {
 public:
  int reads = 0;
  std::shared_ptr<const base::Content> read_back(const git::Oid& id) override {
    return std::make_shared<Counted>(CollectingSink::read_back(id), reads);
  }

 private:
  class Counted : public base::Content {
   public:
    Counted(std::shared_ptr<const base::Content> content, int& reads)
        : content_(std::move(content)), reads_(reads) {}
    void read_at(uint64_t offset, std::span<char> buffer) const override {
      ++reads_;
      content_->read_at(offset, buffer);
    }

   private:
    std::shared_ptr<const base::Content> content_;
    int& reads_;
  };
};

std::string noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& c : bytes) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
  return bytes;
}

}  // namespace

TEST_CASE("objects come out of a pack with their ids, deltas of deltas included") {
  PackBuilder pack;
  const std::string base = noise(5000);
  const size_t first = pack.add(ObjectType::blob, base);
  const size_t second = pack.add_delta(first, delta_appending(5000, "and more"));
  pack.add_delta(second, delta_appending(5008, "and still more"));
  const std::string tree = git::encode_tree({{git::mode_file, "file", id_of(base)}});
  const size_t directory = pack.add(ObjectType::tree, tree);
  const std::string tail = git::encode_tree({{git::mode_file, "other", id_of(base)}});
  pack.add_delta(directory, delta_appending(static_cast<uint32_t>(tree.size()), tail));
  pack.add(ObjectType::tag, "object of no interest");
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.blobs.at(id_of(base + "and moreand still more")).size() == 5022);
  CHECK(sink.blobs.size() == 3);
  CHECK(sink.trees.contains(id_of(tree + tail, ObjectType::tree)));
  // The chain came from memory once its start was read.
  CHECK(sink.read_backs == 1);
}

TEST_CASE("large blobs come in pieces, also out of deltas and as the base of deltas") {
  PackBuilder pack;
  const std::string base = noise(5'000'000);
  const size_t first = pack.add(ObjectType::blob, base);
  const size_t second = pack.add_delta(first, delta_appending(5'000'000, "and more"));
  // Small again, built on a large one; its instructions are long themselves.
  std::string instructions =
      delta_number(5'000'008) + delta_number(100) + delta_copy(4'999'950, 58);
  instructions += '\x2a' + std::string(42, 'x');
  pack.add_delta(second, instructions);
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.large == 2);
  CHECK(sink.blobs.contains(id_of(base + "and more")));
  CHECK(sink.blobs.contains(id_of(base.substr(4'999'950) + "and more" + std::string(42, 'x'))));
}

TEST_CASE("instructions too long for memory are followed from a file") {
  PackBuilder pack;
  const std::string base = noise(10);
  const size_t first = pack.add(ObjectType::blob, base);
  const std::string text = noise(6'000'000);
  std::string instructions = delta_number(10) + delta_number(text.size());
  for (size_t at = 0; at < text.size(); at += 100) instructions += 'd' + text.substr(at, 100);
  pack.add_delta(first, instructions);
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.blobs.contains(id_of(text)));
  PackBuilder early;
  early.add_delta(id_of(base), instructions);
  early.add(ObjectType::blob, base);
  CollectingSink late;
  read(early.pack(), late);
  CHECK(late.blobs.contains(id_of(text)));
}

TEST_CASE("commits and trees are found among blobs and deltas that are passed over") {
  PackBuilder pack;
  const std::string base = noise(3000);
  const size_t first = pack.add(ObjectType::blob, base);
  const size_t second = pack.add_delta(first, delta_appending(3000, "more"));
  pack.add_delta(second, delta_appending(3004, "still more"));
  pack.add_delta(id_of(base), delta_appending(3000, "by id"));
  const std::string tree = git::encode_tree({{git::mode_file, "file", id_of(base)}});
  pack.add(ObjectType::tree, tree);
  base::MemorySource source(pack.pack());
  std::vector<git::Oid> seen;
  git::read_commits_and_trees(source, [&](ObjectType, const git::Oid& id, std::string_view) {
    seen.push_back(id);
    return true;
  });
  CHECK(seen == std::vector{id_of(tree, ObjectType::tree)});
}

TEST_CASE("a delta may come before what it builds on") {
  PackBuilder pack;
  const std::string base = noise(3000);
  const std::string middle = base + "middle";
  const size_t first = pack.add_delta(id_of(middle), delta_appending(3006, "end"));
  pack.add_delta(first, delta_appending(3009, "!"));
  pack.add_delta(id_of(base), delta_appending(3000, "middle"));
  pack.add(ObjectType::blob, base);
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.blobs.size() == 4);
  CHECK(sink.blobs.contains(id_of(middle + "end!")));
}

TEST_CASE("deltas that build on one another in a circle, or on nothing, are refused") {
  const std::string base = noise(100);
  PackBuilder circle;
  circle.add_delta(id_of(base + "a"), delta_appending(101, "b"));
  circle.add_delta(id_of(base + "ab"), delta_appending(102, ""));
  CHECK(contains(complaint(circle.pack()), "lacks what a delta builds on"));
  PackBuilder thin;
  thin.add_delta(id_of(base), delta_appending(100, "b"));
  CHECK(contains(complaint(thin.pack()), "lacks what a delta builds on"));
}

TEST_CASE("a directory as large as one that is published is read, and no larger one") {
  const std::string tree(git::largest_tree, 't');
  PackBuilder pack;
  const size_t first = pack.add(ObjectType::tree, tree);
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.trees.contains(id_of(tree, ObjectType::tree)));
  pack.add_delta(first, delta_appending(static_cast<uint32_t>(tree.size()), "t"));
  CHECK(contains(complaint(pack.pack()), "absurd size"));
  PackBuilder whole;
  whole.add(ObjectType::tree, tree + "t");
  CHECK(contains(complaint(whole.pack()), "absurd size"));
}

TEST_CASE("a pack may have as many objects as an image may have entries") {
  constexpr uint64_t entries = 5'000'000;  // As source.limits.entries has it by default.
  constexpr uint64_t beside = 100;         // The commit, the folders around and the files there.
  git::PackRecords records;
  for (uint64_t i = 1; i < entries + beside; ++i) records.add(i, {});
  CHECK(records.add(entries + beside, {}) == entries + beside - 1);
}

TEST_CASE("small deltas of one large directory take no long time") {
  PackBuilder pack;
  const std::string tree(15'000'000, 't');
  const size_t first = pack.add(ObjectType::tree, tree);
  constexpr int count = 30'000;
  for (int i = 0; i < count; ++i) {
    const std::string text = std::to_string(i);
    pack.add_delta(first, delta_number(tree.size()) + delta_number(text.size()) +
                              static_cast<char>(text.size()) + text);
  }
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.trees.size() == count + 1);
}

TEST_CASE("millions of short pieces of a large blob take no long time") {
  PackBuilder pack;
  const std::string base = noise(5'000'000);
  const size_t first = pack.add(ObjectType::blob, base);
  // Across the ends of blocks as well, and the last byte.
  const std::vector<uint32_t> offsets = {16'380, 4'999'992, 0, 32'768};
  std::string pieces;
  std::string text;
  for (const uint32_t offset : offsets) {
    pieces += delta_copy(offset, 8);
    text += base.substr(offset, 8);
  }
  constexpr int count = 500'000;
  std::string instructions = delta_number(base.size()) + delta_number(text.size() + count);
  instructions += pieces;
  for (int i = 0; i < count; ++i) instructions += delta_copy(static_cast<uint32_t>(i % 100), 1);
  for (int i = 0; i < count; ++i) text += base[static_cast<size_t>(i % 100)];
  pack.add_delta(first, instructions);
  CountingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.blobs.contains(id_of(text)));
  CHECK(sink.reads < 20);
}

TEST_CASE("deltas are not resolved for hours on bases that change all the time") {
  for (const ObjectType type : {ObjectType::tree, ObjectType::blob}) {
    PackBuilder pack;
    std::vector<size_t> bases;
    for (const char letter : {'a', 'b', 'c', 'd'}) {
      bases.push_back(pack.add(type, std::string(3'000'000, letter)));
    }
    for (int i = 0; i < 40; ++i) {
      pack.add_delta(bases[static_cast<size_t>(i) % 4],
                     delta_number(3'000'000) + delta_number(2) + '\2' + std::to_string(10 + i));
    }
    const auto complaint_at = [&](uint64_t most_base_bytes) {
      base::MemorySource source(pack.pack());
      CollectingSink sink;
      git::PackParser parser(source, sink, git::Blobs::hand_over, most_base_bytes);
      return message_of([&] { parser.run([] { return false; }); });
    };
    CHECK(complaint_at(120'000'000).empty());
    CHECK(contains(complaint_at(100'000'000), "too long to resolve"));
  }
}

TEST_CASE("a damaged pack is refused wherever it is cut") {
  PackBuilder builder;
  const size_t first = builder.add(ObjectType::blob, noise(300));
  builder.add_delta(first, delta_appending(300, "more"));
  const std::string pack = builder.pack();
  REQUIRE(complaint(pack).empty());
  for (size_t size = 0; size < pack.size(); ++size) {
    REQUIRE(!complaint(pack.substr(0, size)).empty());
  }
  CHECK(contains(complaint(pack + "x"), "more bytes follow"));
}

/// Calls `use` with the pack once for each bit that was changed in it.
template <class Use>
void for_each_damage(const std::string& pack, Use use) {
  for (size_t at = 0; at < pack.size(); ++at) {
    for (const unsigned bit : {1U, 16U, 128U}) {
      std::string damaged = pack;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ bit);
      use(damaged);
    }
  }
}

TEST_CASE("one changed bit anywhere in a history is noticed") {
  PackBuilder builder;
  builder.add(ObjectType::commit, noise(30));
  builder.add(ObjectType::tree, noise(40));
  for_each_damage(builder.pack(), [](const std::string& damaged) {
    base::MemorySource source(damaged);
    const auto go_on = [](ObjectType, const git::Oid&, std::string_view) { return true; };
    REQUIRE(!message_of([&] { git::read_commits_and_trees(source, go_on); }).empty());
  });
}

TEST_CASE("one changed bit loses the objects it changes and gives no others in their place") {
  PackBuilder builder;
  const std::string text = noise(30);
  const size_t first = builder.add(ObjectType::blob, text);
  builder.add_delta(first, delta_appending(30, "more"));
  unsigned unharmed = 0;
  for_each_damage(builder.pack(), [&](const std::string& damaged) {
    CollectingSink sink;
    if (!message_of([&] { read(damaged, sink); }).empty()) return;
    if (sink.blobs.contains(id_of(text)) && sink.blobs.contains(id_of(text + "more"))) ++unharmed;
  });
  // The checksum, which proves nothing more, and bits that say how hard it was compressed.
  CHECK(unharmed < 70);
}

TEST_CASE("content damaged on the way is said to be the pack's") {
  PackBuilder builder;
  builder.add(ObjectType::blob, noise(1000));
  std::string pack = builder.pack();
  pack[500] = static_cast<char>(pack[500] ^ 1);
  CHECK(complaint(pack).starts_with("the server sent a broken pack: "));
}

TEST_CASE("sizes that lie are refused and never believed") {
  const std::string text = noise(200);
  const uint64_t lie = GENERATE(0ULL, 199ULL, 201ULL, 5'000'000ULL, 1ULL << 40U, 1ULL << 62U);
  PackBuilder blob;
  blob.add(ObjectType::blob, text, lie);
  CHECK(!complaint(blob.pack()).empty());
  PackBuilder tree;
  tree.add(ObjectType::tree, text, lie);
  CHECK(!complaint(tree.pack()).empty());
  PackBuilder delta;
  const size_t first = delta.add(ObjectType::blob, text);
  delta.add_delta(first, delta_appending(200, "b"), lie);
  CHECK(!complaint(delta.pack()).empty());
}

TEST_CASE("a delta cannot reach out of its base, make more or less than it says") {
  const std::string base = noise(100);
  const std::string sizes = delta_number(100) + delta_number(10);
  const std::string huge =
      delta_number(100) + delta_number(std::numeric_limits<uint64_t>::max() / 2);
  const std::string instructions = GENERATE_COPY(
      std::string(), std::string("\x64", 1), sizes, sizes + delta_copy(91, 10),
      sizes + delta_copy(0xffffffff, 10), sizes + delta_copy(0, 11), sizes + delta_copy(0, 9),
      sizes + std::string("\0", 1), sizes + "\x05" + "abc", sizes + "\x0b" + "12345678901",
      delta_number(99) + delta_number(10) + delta_copy(0, 10),
      delta_number(101) + delta_number(10) + delta_copy(0, 10), huge + delta_copy(0, 10),
      std::string(20, '\xff'));
  const ObjectType type = GENERATE(ObjectType::blob, ObjectType::tree);
  PackBuilder pack;
  pack.add_delta(pack.add(type, base), instructions);
  CHECK(!complaint(pack.pack()).empty());
}

TEST_CASE("a delta needs an object where it points") {
  PackBuilder pack;
  const size_t first = pack.add(ObjectType::blob, noise(100));
  pack.add_delta(first + 1, delta_appending(100, "x"));
  CHECK(contains(complaint(pack.pack()), "no object"));
}

TEST_CASE("a pack that announces more objects than it has is refused") {
  PackBuilder pack;
  pack.add(ObjectType::blob, "text");
  CHECK(!complaint(pack.pack(2)).empty());
  CHECK(!complaint(pack.pack(0xffffffff)).empty());
  CHECK(!complaint(pack.pack(0)).empty());
}

TEST_CASE("more directories than memory should hold go to a file and come back") {
  PackBuilder pack;
  std::vector<size_t> starts;
  // Twelve MiB of directories; the delta builds on one in the file.
  const std::string name(200, 'n');
  std::string last;
  for (int i = 0; i < 60; ++i) {
    std::vector<git::TreeEntry> entries;
    for (int j = 0; j < 900; ++j) {
      entries.push_back({git::mode_file, name + std::to_string(i * 1000 + j), {}});
    }
    const std::string tree = git::encode_tree(entries);
    starts.push_back(pack.add(ObjectType::tree, tree));
    last = tree;
  }
  const std::string tail = git::encode_tree({{git::mode_file, "z", {}}});
  pack.add_delta(starts.back(), delta_appending(static_cast<uint32_t>(last.size()), tail));
  CollectingSink sink;
  read(pack.pack(), sink);
  CHECK(sink.trees.contains(id_of(last + tail, ObjectType::tree)));
  CHECK(sink.trees.size() == 61);
}
