#include "rootfs/support/stage.hpp"

TEST_CASE("the last of two entries with one name wins") {
  Stage stage;
  stage.unpack({TarBuilder()
                    .file("f", "1")
                    .file("f", "2")
                    .dir("d", {.mode = 0700})
                    .file("d/x", "x")
                    .dir("d", {.mode = 0711})
                    .finish()});
  CHECK(stage.content("f") == "2");
  CHECK(stage.entry("d").mode == 0711);
  CHECK(stage.exists("d/x"));
}

TEST_CASE("an entry of another kind replaces a lower one with all below it") {
  const auto make = [](int kind, const std::string& name) {
    TarBuilder tar;
    if (kind == 0) tar.file(name, "file");
    if (kind == 1) tar.dir(name).file(name + "/child", "x").dir(name + "/sub");
    if (kind == 2) tar.symlink(name, "target");
    if (kind == 3) tar.fifo(name);
    if (kind == 4) tar.file("other", "other").hardlink(name, "other");
    return tar.finish();
  };
  const char* kinds[] = {"file", "dir", "symlink", "fifo", "file"};
  for (const Openat2 mode : both_modes) {
    for (int lower = 0; lower < 5; ++lower) {
      for (int upper = 0; upper < 5; ++upper) {
        Stage stage(mode);
        stage.unpack({make(lower, "d/e"), make(upper, "d/e")});
        CHECK(stage.entry("d/e").kind == kinds[upper]);
        CHECK(stage.exists("d/e/child") == (upper == 1));
      }
    }
  }
}

TEST_CASE("a path is not taken from the cache after a directory on it was replaced") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    stage.unpack({TarBuilder().dir("a").dir("b").file("a/1", "x").finish(),
                  TarBuilder().file("a/2", "x").symlink("a", "b").file("a/3", "x").finish(),
                  TarBuilder().file("a/4", "x").dir("a").file("a/5", "x").finish(),
                  TarBuilder().file("a/6", "x").file(".wh.a", "").file("a/7", "x").finish()});
    CHECK(stage.exists("b/3"));
    CHECK(stage.exists("b/4"));
    CHECK(!stage.exists("a/5"));
    CHECK(stage.exists("a/6"));
    CHECK(stage.exists("a/7"));
    CHECK(stage.entry("a").kind == "dir");
  }
}

TEST_CASE("a directory over a usr-merge link really hides it") {
  Stage stage;
  stage.unpack({TarBuilder().dir("usr/lib").symlink("lib", "usr/lib").finish(),
                TarBuilder().file("lib/foo", "through").finish(),
                TarBuilder().dir("lib").file("lib/bar", "own").finish()});
  CHECK(stage.content("usr/lib/foo") == "through");
  CHECK(stage.entry("lib").kind == "dir");
  CHECK(!stage.exists("usr/lib/bar"));
}

TEST_CASE("a child of a file replaces a lower layer's file and is refused in one layer") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    stage.unpack({TarBuilder().file("a", "x").symlink("l", "a").finish(),
                  TarBuilder().file("a/b", "new").finish()});
    CHECK(stage.content("a/b") == "new");
    Stage same(mode);
    CHECK(contains(same.refusal({TarBuilder().file("a", "x").file("a/b", "x").finish()}),
                   "not a directory"));
    Stage upper(mode);
    upper.refusal({TarBuilder().file("x", "x").finish(),
                   TarBuilder().file("a", "x").file("a/b", "x").finish()});
  }
}

TEST_CASE("replacing one name of a file leaves its other names alone") {
  Stage stage;
  stage.unpack({TarBuilder().file("a", "old content").hardlink("b", "a").finish(),
                TarBuilder().file("a", "new").finish()});
  CHECK(stage.content("a") == "new");
  CHECK(stage.content("b") == "old content");
}

TEST_CASE("hard links name one inode however they spell it") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    stage.unpack({TarBuilder()
                      .file("d/a", "x")
                      .symlink("l", "d")
                      .symlink("s", "/somewhere")
                      .hardlink("1", "/d/a")
                      .hardlink("d/2", "./d/a")
                      .hardlink("new/3", "l/a")
                      .hardlink("4", "s")
                      .finish(),
                  TarBuilder().hardlink("5", "d/a").finish(),
                  TarBuilder().file("d/.wh.a", "").finish()});
    for (const char* name : {"1", "d/2", "new/3", "5"}) {
      CHECK(stage.entry(name).inode == stage.entry("1").inode);
      CHECK(stage.content(name) == "x");
    }
    CHECK(stage.entry("4").target == "/somewhere");
    CHECK(stage.entry("4").inode == stage.entry("s").inode);
  }
}

TEST_CASE("a hard link to itself keeps the file") {
  Stage stage;
  stage.unpack({TarBuilder()
                    .file("d/a", "x")
                    .symlink("l", "d")
                    .hardlink("d/a", "./d/a")
                    .hardlink("l/a", "d/a")
                    .finish()});
  CHECK(stage.content("d/a") == "x");
}

TEST_CASE("a hard link to nothing names both ends") {
  const std::string lower = TarBuilder().file("d/a", "x").dir("e").finish();
  Stage hidden;
  const std::string message =
      hidden.refusal({lower, TarBuilder().file("d/.wh.a", "").hardlink("new", "d/a").finish()});
  CHECK(contains(message, "\"new\""));
  CHECK(contains(message, "\"d/a\""));
  Stage missing;
  missing.refusal({lower, TarBuilder().hardlink("new", "no/such").finish()});
  Stage forward;
  forward.refusal({TarBuilder().hardlink("new", "later").file("later", "x").finish()});
  Stage directory;
  CHECK(contains(directory.refusal({lower, TarBuilder().hardlink("new", "e").finish()}),
                 "is a directory"));
}

TEST_CASE("more hard links than the file system can make become copies") {
  Stage stage;
  TarBuilder tar;
  tar.file("f", "content", {.mode = 0640, .mtime = 99});
  for (int i = 0; i < 66'000; ++i) tar.hardlink("l" + std::to_string(i), "f");
  stage.unpack({tar.finish()});
  const ListedEntry last = stage.entry("l65999");
  CHECK(last.sha256 == stage.entry("f").sha256);
  CHECK(last.mode == 0640);
  CHECK(last.mtime_seconds == 99);
}

TEST_CASE("devices and sockets are left out and counted, with the hard links to them") {
  Stage stage;
  const auto summary = stage.unpack({TarBuilder()
                                         .char_device("dev/null", 1, 3)
                                         .entry('4', "dev/sda", "", "", {})
                                         .hardlink("dev/zero", "dev/null")
                                         .file("dev/real", "x")
                                         .finish()});
  CHECK(summary.skipped_devices == 3);
  CHECK(!stage.exists("dev/null"));
  CHECK(!stage.exists("dev/sda"));
  CHECK(stage.exists("dev/real"));
}

TEST_CASE("the old content of a file that became a device does not stay on the disk") {
  Stage stage;
  stage.unpack({TarBuilder()
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
                    .file("stays", "x")
                    .finish()});
  CHECK(list_tree(stage.root()).size() == 2);
}
