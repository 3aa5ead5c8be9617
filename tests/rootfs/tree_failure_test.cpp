
#include "base/cancel.hpp"
#include "rootfs/support/stage.hpp"

TEST_CASE("a failed layer leaves no half image behind") {
  Stage stage;
  TarBuilder tar;
  tar.dir("d", {.mode = 0500}).file("d/f", "x").bare_header('0', "short", 5000).raw("only this");
  CHECK(contains(stage.refusal({tar.unfinished()}), "Truncated"));
}

TEST_CASE("a tree that was not finished is removed") {
  ScratchDir scratch;
  base::Log log(-1);
  {
    rootfs::Tree tree(scratch / "rootfs", log);
    base::MemorySource bytes(TarBuilder().file("a/b", "x").finish());
    rootfs::LayerReader layer(bytes);
    tree.apply(layer);
    CHECK(std::filesystem::exists(scratch / "rootfs/a/b"));
  }
  CHECK(!std::filesystem::exists(scratch / "rootfs"));
}

TEST_CASE("a tree is not finished after a failed layer") {
  ScratchDir scratch;
  base::Log log(-1);
  rootfs::Tree tree(scratch / "rootfs", log);
  base::MemorySource bytes("not a tar");
  rootfs::LayerReader layer(bytes);
  REQUIRE_THROWS_AS(tree.apply(layer), base::Error);
  REQUIRE_THROWS_AS(tree.finish(), base::Error);
}

TEST_CASE("a directory whose inode number has changed is not taken for one without a history") {
  // What some file systems do of themselves when the kernel is short of memory.
  const ScratchDir scratch;
  base::Log log(-1);
  rootfs::Tree tree(scratch / "rootfs", log);
  const auto apply = [&](TarBuilder layer) {
    base::MemorySource bytes(layer.finish());
    rootfs::LayerReader reader(bytes);
    tree.apply(reader);
  };
  apply(TarBuilder().dir("a", {.mode = 0700}).dir("a/b", {.mode = 0700}).file("a/b/c", "x"));
  const auto renumber = [&](const std::string& path) {
    std::filesystem::rename(scratch / path, scratch / "before");
    std::filesystem::create_directory(scratch / path);
    for (const auto& entry : std::filesystem::directory_iterator(scratch / "before")) {
      std::filesystem::rename(entry, scratch / path / entry.path().filename());
    }
  };
  std::string message;
  SECTION("when its mode is set") {
    renumber("rootfs/a/b");
    message = message_of([&] { tree.finish(); });
    CHECK(contains(message, "directory \"b\""));
  }
  SECTION("when a file goes into it") {
    renumber("rootfs/a/b");
    message = message_of([&] { apply(TarBuilder().file("a/b/d", "x")); });
  }
  SECTION("when the image has it again") {
    renumber("rootfs/a");
    message = message_of([&] { apply(TarBuilder().dir("a", {.mode = 0711})); });
  }
  SECTION("when something in it is deleted") {
    renumber("rootfs/a");
    message = message_of([&] { apply(TarBuilder().file("a/.wh.b", "")); });
  }
  SECTION("when all above it is deleted") {
    renumber("rootfs/a/b");
    message = message_of([&] { apply(TarBuilder().file("a/.wh..wh..opq", "")); });
  }
  CHECK(contains(message, "inode number"));
}

TEST_CASE("what lies beside the tree does not make its file system one that ignores case") {
  Stage stage;
  std::filesystem::create_directory(stage.root().parent_path() / "ROOTFS");
  stage.unpack({TarBuilder().file("Readme", "1").file("README", "2").finish(),
                TarBuilder().file(".wh.Readme", "").file("readme", "3").finish()});
  CHECK(list_tree(stage.root()).size() == 3);
}

TEST_CASE("an existing directory is not unpacked over, and not removed") {
  Stage stage;
  std::filesystem::create_directories(stage / "mine");
  base::Log log(-1);
  REQUIRE_THROWS_AS(rootfs::Tree(stage.root(), log), base::Error);
  CHECK(stage.exists("mine"));
}

TEST_CASE("removing a tree does not follow links") {
  Stage stage;
  std::filesystem::create_directories(stage / "d/e");
  std::filesystem::create_symlink(stage.canary(), stage / "d/link");
  rootfs::remove_tree(stage.root());
  CHECK(!stage.exists(""));
  rootfs::remove_tree(stage.root());
  std::filesystem::create_symlink(stage.canary(), stage.root());
  rootfs::remove_tree(stage.root());
  CHECK(!stage.exists(""));
}

TEST_CASE("a symlink without a target, or with too long a one, is refused") {
  Stage empty;
  empty.refusal({TarBuilder().symlink("l", "").finish()});
  Stage longest;
  longest.unpack({TarBuilder().symlink("l", std::string(4095, 't')).finish()});
  CHECK(longest.entry("l").target.size() == 4095);
  Stage longer;
  CHECK(contains(longer.refusal({TarBuilder().symlink("l", std::string(4096, 't')).finish()}),
                 "4096"));
}

TEST_CASE("a layer without entries gives an empty root") {
  Stage stage;
  stage.unpack({"", std::string(1024, '\0')});
  CHECK(list_tree(stage.root()).size() == 1);
  CHECK(stage.entry("").mode == 0755);
}

TEST_CASE("what is printed about a hostile name cannot harm a terminal") {
  Stage stage;
  const std::string message = stage.refusal({TarBuilder().symlink("\x1b[2J\n", "").finish()});
  CHECK(!contains(message, "\x1b"));
  CHECK(!contains(message, "\n"));
}

TEST_CASE("a get that is stopped half-way leaves nothing") {
  class Stopped : public base::ByteSource {
   public:
    explicit Stopped(std::string bytes) : bytes_(std::move(bytes)) {}
    size_t read(std::span<char> buffer) override {
      if (const size_t count = bytes_.read(buffer); count > 0) return count;
      throw base::Cancelled(15);
    }

   private:
    base::MemorySource bytes_;
  };
  ScratchDir scratch;
  base::Log log(-1);
  const auto run = [&] {
    rootfs::Tree tree(scratch / "rootfs", log);
    Stopped bytes(TarBuilder().file("a/b", std::string(400'000, 'x')).unfinished());
    rootfs::LayerReader layer(bytes);
    tree.apply(layer);
  };
  REQUIRE_THROWS_AS(run(), base::Cancelled);
  CHECK(!std::filesystem::exists(scratch / "rootfs"));
}
