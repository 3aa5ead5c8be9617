#include "rootfs/limits.hpp"

#include "rootfs/support/stage.hpp"
#include "rootfs/virtual_tree.hpp"

namespace {

std::string deep_path(size_t names) {
  std::string path = "f";
  for (size_t i = 1; i < names; ++i) path.insert(0, "d/");
  return path;
}

/// Applies the layers within limits, on disk and in memory; gives both messages, "" for none.
std::vector<std::string> refusals(const rootfs::Limits& limits, uint64_t stored,
                                  const std::vector<std::string>& layers) {
  ScratchDir scratch;
  base::Log log(-1, base::Log::Colour::no);
  const auto apply = [&](auto& tree) {
    rootfs::Budget budget(limits, stored);
    tree.set_budget(budget);
    return message_of([&] {
      for (const std::string& layer : layers) {
        base::MemorySource bytes(layer);
        rootfs::BoundedStream bounded(bytes, budget);
        rootfs::LayerReader reader(bounded);
        tree.apply(reader);
        base::drain(bounded);
      }
    });
  };
  rootfs::Tree on_disk(scratch / "rootfs", log);
  rootfs::VirtualTree shadow, in_memory;
  on_disk.set_shadow(shadow);  // As a get does.
  return {apply(on_disk), apply(in_memory)};
}

void require_refused(const rootfs::Limits& limits, const std::vector<std::string>& layers,
                     const std::string& key, const std::string& value, uint64_t stored = 0) {
  for (const std::string& message : refusals(limits, stored, layers)) {
    INFO(message);
    CHECK(contains(message, "source.limits." + key));
    CHECK(contains(message, value));
  }
}

void require_taken(const rootfs::Limits& limits, const std::vector<std::string>& layers,
                   uint64_t stored = 0) {
  CHECK(refusals(limits, stored, layers) == std::vector<std::string>{"", ""});
}

/// A header that says the file behind it is `real` bytes, nearly all of them a hole.
std::string sparse(const std::string& real) {
  return TarBuilder()
      .file("GNUSparseFile.0/a", "hello",
            {.pax = {{"GNU.sparse.size", real},
                     {"GNU.sparse.numblocks", "1"},
                     {"GNU.sparse.name", "real"},
                     {"GNU.sparse.map", "0,5"}}})
      .finish();
}

}  // namespace

TEST_CASE("an image of endless entries ends before it fills memory or disk") {
  TarBuilder tar;
  for (int i = 0; i < 10; ++i) tar.file("f" + std::to_string(i), "");
  require_taken({.entries = 10}, {tar.finish()});
  require_refused({.entries = 9}, {tar.finish()}, "entries", "limit 9");
}

TEST_CASE("entries are counted over all layers, with what deletes and replaces") {
  const std::string layer = TarBuilder().file("a", "").file("b", "").finish();
  const std::string hiding = TarBuilder().file(".wh.a", "").file("b", "").finish();
  require_taken({.entries = 4}, {layer, hiding});
  require_refused({.entries = 3}, {layer, hiding}, "entries", "limit 3");
}

TEST_CASE("directories that no entry stands for cannot be had for nothing") {
  require_taken({.entries = 50}, {TarBuilder().file(deep_path(50), "").finish()});
  require_refused({.entries = 49}, {TarBuilder().file(deep_path(50), "").finish()}, "entries",
                  "limit 49");
  // Nor by way of a link to nowhere, which is completed inside the root.
  const std::string through = TarBuilder().symlink("l", deep_path(50)).file("l/x", "").finish();
  require_taken({.entries = 52}, {through});
  require_refused({.entries = 51}, {through}, "entries", "limit 51");
  // A directory with an entry of its own counts once.
  require_taken({.entries = 3}, {TarBuilder().dir("a").dir("a/b").file("a/b/c", "").finish()});
}

TEST_CASE("a path of endless directories is refused") {
  require_taken({.depth = 20}, {TarBuilder().file(deep_path(20), "").finish()});
  require_refused({.depth = 20}, {TarBuilder().file(deep_path(21), "").finish()}, "depth",
                  "limit 20");
  require_refused({}, {TarBuilder().dir(deep_path(1025)).finish()}, "depth", "limit 1,024");
  require_taken({.depth = 2}, {TarBuilder().file(".//./a/./b", "").finish()});
}

TEST_CASE("links that lead back and forth many times do not cost hours for each entry") {
  std::string far;
  for (int i = 0; i < 800; ++i) far += "d/../";
  const std::string chain = TarBuilder()
                                .dir("d")
                                .symlink("a", far + "b")
                                .symlink("b", far + "c")
                                .symlink("c", far)
                                .finish();
  require_taken({}, {chain, TarBuilder().file("c/f", "").file("b/g", "").finish()});
  for (const std::string path : {"a/f", "a/.wh.f"}) {
    for (const auto& message : refusals({}, 0, {chain, TarBuilder().file(path, "").finish()})) {
      CHECK(contains(message, "too many levels of symbolic links"));
    }
  }
}

TEST_CASE("an image that unpacks to more than a disk holds is refused") {
  const std::string layer = TarBuilder().file("a", std::string(6000, 'a')).finish();
  require_taken({.bytes = 2 * layer.size()}, {layer, layer});
  require_refused({.bytes = 2 * layer.size() - 1}, {layer, layer}, "bytes", "limit 15 kB");
}

TEST_CASE("a sparse file of absurd size is refused by its header") {
  require_taken({}, {sparse("1000000")});
  require_refused({}, {sparse("1000000000000000000")}, "bytes", "limit 1.1 TB");
  require_refused({.bytes = 1'000'000}, {sparse("1000001")}, "bytes", "limit 1.0 MB");
}

TEST_CASE("bytes behind the end of the archive count like all others") {
  const std::string layer = TarBuilder().file("a", "x").finish() + std::string(100'000, '\0');
  require_taken({.bytes = 110'000}, {layer});
  require_refused({.bytes = 100'000}, {layer}, "bytes", "limit 100 kB");
}

TEST_CASE("a decompression bomb is told by its ratio, a small image never is") {
  const uint64_t from = rootfs::Limits::ratio_from;
  require_taken({.ratio = 2}, {sparse("100000000")}, 10);
  require_taken({.ratio = 2}, {sparse(std::to_string(from))}, 10);
  require_refused({}, {sparse(std::to_string(from + 1000))}, "ratio", "limit 1,000 bytes for one",
                  from / 1000);
  require_taken({.bytes = from * 2, .ratio = rootfs::unlimited}, {sparse("100000")}, 1);
}

TEST_CASE("a bomb is not hidden by a manifest that claims large layers behind it") {
  const uint64_t from = rootfs::Limits::ratio_from;
  rootfs::Budget budget({}, from);
  budget.add_fetched(from / 1000);
  budget.add_stream(from);
  std::string message;
  try {
    budget.add_stream(1000);
  } catch (const base::Error& error) {
    message = error.what();
  }
  CHECK(contains(message, "limit 1,000 bytes for one (source.limits.ratio)"));
  budget.add_fetched(1000);
  CHECK_NOTHROW(budget.add_stream(1000));
  // A file whose bytes are on the way is no bomb.
  base::Entry entry;
  entry.path = "f";
  entry.kind = base::EntryKind::file;
  entry.size = from * 2;
  CHECK_NOTHROW(budget.add_entry(entry));
}

TEST_CASE("extended attributes, names and link texts cannot fill the memory") {
  TarBuilder tar;
  for (int i = 0; i < 4; ++i) {
    tar.file("f" + std::to_string(i), "",
             {.pax = {{"SCHILY.xattr.user.a", std::string(1000, 'v')}}});
  }
  require_taken({.metadata = 4060}, {tar.finish()});
  require_refused({.metadata = 4000}, {tar.finish()}, "metadata", "limit 4.0 kB");
  const std::string links = TarBuilder().symlink("a", std::string(3000, 't')).finish();
  require_taken({.metadata = 9009}, {links, links, links});
  require_refused({.metadata = 9002}, {links, links, links}, "metadata", "limit 9.0 kB");
  // What is left out of the tree is remembered with its whole path.
  require_refused({.metadata = 900},
                  {TarBuilder()
                       .char_device(std::string(90, 'd') + "/null", 1, 3)
                       .symlink("a", std::string(900, 't'))
                       .finish()},
                  "metadata", "limit 900 B");
}

TEST_CASE("links on the way to an entry cannot make its path deeper or longer than it may be") {
  TarBuilder tar;
  std::string below = "r";
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 10; ++j) below += "/\x01";
    const std::string link = "s" + std::to_string(i);
    tar.symlink(link, below).dir(below);
    below = link;
  }
  const std::string deep = tar.file(below + "/f", "").finish();
  require_taken({.depth = 52}, {deep});
  require_refused({.depth = 51}, {deep}, "depth", "of 52 names");

  // Each of these is four bytes in a manifest, and so is the path of the first name of each.
  TarBuilder names;
  names.symlink("s", std::string(100, '\x01')).file("s/f", "");
  for (int i = 0; i < 9; ++i) names.hardlink("z" + std::to_string(i), "s/f");
  const std::string linked = names.finish();
  require_taken({.metadata = 5100}, {linked});
  require_refused({.metadata = 4000}, {linked}, "metadata", "limit 4.0 kB");
}

TEST_CASE("counts that would overflow are over every limit") {
  rootfs::Limits limits;
  limits.bytes = rootfs::unlimited - 1;
  rootfs::Budget budget(limits, 0);
  base::Entry entry;
  entry.path = "a";
  entry.size = rootfs::unlimited - 10;
  budget.add_entry(entry);
  REQUIRE_THROWS_AS(budget.add_entry(entry), base::Error);
}
