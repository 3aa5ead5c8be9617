#include "rootfs/virtual_tree.hpp"

#include <malloc.h>

#include "rootfs/support/entry_lines.hpp"
#include "rootfs/support/stage.hpp"
#include "rootfs/support/wild_layers.hpp"

namespace {

/// What a stack of layers comes to in memory.
struct Merged {
  std::vector<base::Entry> entries;
  rootfs::TreeSummary summary;

  const base::Entry* find(const std::string& path) const {
    for (const base::Entry& entry : entries) {
      if (entry.path == path) return &entry;
    }
    return nullptr;
  }
  bool has(const std::string& path, base::EntryKind kind) const {
    const base::Entry* entry = find(path);
    return entry != nullptr && entry->kind == kind;
  }
  std::string content(const std::string& path) const {
    const base::Entry* entry = find(path);
    if (entry == nullptr || entry->content == nullptr) return "none";
    std::string bytes(entry->size, '\0');
    entry->content->read_at(0, bytes);
    return bytes;
  }
};

void apply_tar(rootfs::VirtualTree& tree, const std::string& layer) {
  base::MemorySource bytes(layer);
  rootfs::LayerReader reader(bytes);
  tree.apply(reader);
}

Merged merge(const std::vector<std::string>& layers) {
  rootfs::VirtualTree tree(keep_bytes);
  for (const std::string& layer : layers) apply_tar(tree, layer);
  Merged merged;
  const auto source = tree.finish(merged.summary);
  for (base::Entry entry; source->next(entry);) merged.entries.push_back(entry);
  return merged;
}

WildEntry wild(base::EntryKind kind, const std::string& path) {
  WildEntry made;
  made.entry.kind = kind;
  made.entry.path = path;
  return made;
}

constexpr auto device = base::EntryKind::char_device;

}  // namespace

TEST_CASE("a device that a later layer deletes is not counted as lost") {
  const std::string lower = TarBuilder()
                                .dir("dev")
                                .char_device("dev/a", 1, 3)
                                .char_device("dev/b", 1, 5)
                                .dir("gone")
                                .char_device("gone/c", 1, 7)
                                .finish();
  const Merged before = merge({lower});
  REQUIRE(before.has("dev/a", device));
  CHECK(before.find("dev/a")->device_major == 1);
  CHECK(before.find("dev/a")->device_minor == 3);
  CHECK(before.has("gone/c", device));
  CHECK(before.summary.skipped_devices == 3);

  const Merged plain =
      merge({lower, TarBuilder().file("dev/.wh.a", "").file(".wh.gone", "").finish()});
  CHECK(!plain.find("dev/a"));
  CHECK(plain.has("dev/b", device));
  CHECK(!plain.find("gone/c"));
  const Merged opaque =
      merge({lower, TarBuilder().file("dev/.wh..wh..opq", "").char_device("dev/n", 1, 9).finish()});
  CHECK(!opaque.find("dev/a"));
  CHECK(!opaque.find("dev/b"));
  CHECK(opaque.has("dev/n", device));
}

TEST_CASE("a device goes where a directory is, and makes none") {
  const Merged merged = merge({TarBuilder()
                                   .file("f", "content")
                                   .char_device("f", 0, 0)
                                   .char_device("missing/a", 1, 3)
                                   .char_device("name", 1, 3)
                                   .finish(),
                               TarBuilder().file("name/below", "x").finish()});
  CHECK(merged.content("f") == "content");
  CHECK(!merged.find("missing"));
  CHECK(merged.content("name/below") == "x");
  CHECK(merged.summary.skipped_devices == 3);
  CHECK(merged.entries.size() == 4);
}

TEST_CASE("the old content of a file that became a device does not stay in the image") {
  const Merged merged = merge({TarBuilder()
                                   .file("secret", "old")
                                   .dir("d")
                                   .file("d/f", "old")
                                   .file("linked", "old")
                                   .char_device("null", 1, 3)
                                   .finish(),
                               TarBuilder()
                                   .char_device("secret", 1, 3)
                                   .char_device("d", 1, 3)
                                   .hardlink("linked", "null")
                                   .finish()});
  CHECK(merged.has("secret", device));
  CHECK(merged.has("d", device));
  CHECK(merged.has("linked", device));
  CHECK(merged.entries.size() == 5);
}

TEST_CASE("another name of a device is a device, not a link that nothing can resolve") {
  const Merged merged =
      merge({TarBuilder().dir("dev").char_device("dev/a", 1, 3).hardlink("dev/b", "dev/a").finish(),
             TarBuilder().hardlink("dev/c", "dev/a").file("dev/.wh.a", "").finish()});
  CHECK(!merged.find("dev/a"));
  CHECK(merged.has("dev/b", device));
  CHECK(merged.has("dev/c", device));
}

TEST_CASE("the first name of a file comes as the file, whichever was written first") {
  const Merged merged = merge({TarBuilder()
                                   .file("z", "content", {.mode = 0640, .mtime = 99})
                                   .hardlink("m/n", "z")
                                   .hardlink("a", "m/n")
                                   .symlink("s2", "text")
                                   .hardlink("s1", "s2")
                                   .finish()});
  CHECK(merged.has("a", base::EntryKind::file));
  for (const char* name : {"m/n", "z"}) {
    REQUIRE(merged.has(name, base::EntryKind::hardlink));
    CHECK(merged.find(name)->link == "a");
    CHECK(merged.find(name)->size == 7);
    CHECK(merged.find(name)->mode == 0640);
    CHECK(merged.content(name) == "content");
  }
  CHECK(merged.find("s1")->link == "text");
  CHECK(merged.has("s2", base::EntryKind::hardlink));
  CHECK(merged.find("s2")->link == "s1");
}

TEST_CASE("a file whose other names are gone is a plain file again") {
  const Merged merged = merge({TarBuilder().file("a", "x").hardlink("b", "a").finish(),
                               TarBuilder().file(".wh.a", "").finish()});
  CHECK(merged.has("b", base::EntryKind::file));
  CHECK(merged.content("b") == "x");
}

TEST_CASE("what was stored of a file goes when the file does") {
  std::vector<std::weak_ptr<const base::Content>> stored;
  rootfs::VirtualTree tree([&](const base::Entry& entry, base::ByteSource& data) {
    auto content = keep_bytes(entry, data);
    stored.push_back(content);
    return content;
  });
  apply_tar(tree, TarBuilder().file("a", "1").file("d/b", "2").file("c", "3").finish());
  apply_tar(tree, TarBuilder().hardlink("e", "c").file("a", "4").file(".wh.d", "").finish());
  apply_tar(tree, TarBuilder().file(".wh.c", "").finish());
  REQUIRE(stored.size() == 4);
  CHECK(stored[0].expired());
  CHECK(stored[1].expired());
  CHECK(!stored[2].expired());
  CHECK(!stored[3].expired());
}

TEST_CASE("a store gets no byte of the next file, and a file that ends early is refused") {
  WildEntry file = wild(base::EntryKind::file, "f");
  file.bytes = "content";
  file.entry.size = 4;
  rootfs::VirtualTree longer(keep_bytes);
  const WildLayer too_long{file};
  WildSource source(too_long);
  longer.apply(source);
  rootfs::TreeSummary summary;
  const auto merged = longer.finish(summary);
  base::Entry entry;
  REQUIRE(merged->next(entry));
  REQUIRE(merged->next(entry));
  CHECK(base::read_all(merged->data(), 100, "f") == "cont");

  file.entry.size = 100;
  const WildLayer too_short{file};
  WildSource short_source(too_short);
  rootfs::VirtualTree shorter(keep_bytes);
  std::string message;
  try {
    shorter.apply(short_source);
  } catch (const base::Error& error) {
    message = error.what();
  }
  CHECK(contains(message, "ends after 7 of 100 bytes"));
  REQUIRE_THROWS_AS(shorter.finish(summary), base::Error);
}

TEST_CASE("a tree as deep as a hostile image makes it is removed without using up the stack") {
  std::string path = "top";
  for (int i = 0; i < 200'000; ++i) path += "/d";
  const WildLayer deep{wild(base::EntryKind::directory, path)};
  const WildLayer hiding{wild(base::EntryKind::file, ".wh.top")};
  rootfs::VirtualTree tree(keep_bytes);
  for (const WildLayer* layer : {&deep, &hiding, &deep}) {
    WildSource source(*layer);
    tree.apply(source);
  }
  rootfs::TreeSummary summary;
  const auto merged = tree.finish(summary);
  CHECK(summary.directories == 2 * 200'001);
  CHECK(summary.whiteouts == 1);
}

TEST_CASE("an image of many entries fits into little memory") {
  constexpr size_t count = 100'000;
  const size_t before = ::mallinfo2().uordblks;
  rootfs::VirtualTree tree([](const base::Entry&, base::ByteSource&) { return nullptr; });
  WildLayer layer{wild(base::EntryKind::file, "")};
  for (size_t i = 0; i < count; ++i) {
    layer[0].entry.path = base::cat("directory-", i / 20, "/file-number-", i);
    WildSource source(layer);
    tree.apply(source);
  }
  const size_t used = ::mallinfo2().uordblks - before;
  CHECK(used < 30'000'000);
  rootfs::TreeSummary summary;
  const auto merged = tree.finish(summary);
  CHECK(summary.files == count);
}
