#include "rootfs/support/stage.hpp"

TEST_CASE("a name that climbs above the root is refused") {
  for (const Openat2 mode : both_modes) {
    for (const char* name : {"../evil", "a/../../evil", "..", "/../canary/evil", "a/../.."}) {
      Stage stage(mode);
      CHECK(contains(stage.refusal({TarBuilder().file(name, "x").finish()}), "leaves the image"));
    }
  }
}

TEST_CASE("names are cleaned as text, without needing or following what they pass") {
  Stage stage;
  stage.unpack({TarBuilder()
                    .symlink("link", "/etc")
                    .file("./etc//./x", "1")
                    .file("/abs", "2")
                    .file("missing/../b", "3")
                    .file("link/../c", "4")
                    .finish()});
  CHECK(stage.content("etc/x") == "1");
  CHECK(stage.content("abs") == "2");
  CHECK(stage.content("b") == "3");
  CHECK(stage.content("c") == "4");
  CHECK(!stage.exists("missing"));
}

TEST_CASE("a symlink in a lower layer cannot redirect a write outside the root") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    const std::string outside = stage.canary().string();
    stage.unpack({TarBuilder()
                      .symlink("absolute", outside)
                      .symlink("relative", "../canary")
                      .symlink("far", "../../../../../../../../../.." + outside)
                      .symlink("chain", "absolute")
                      .symlink("up", "/dummy/../../canary")
                      .finish(),
                  TarBuilder()
                      .file("absolute/evil", "a")
                      .file("relative/evil", "r")
                      .file("far/evil2", "f")
                      .dir("chain/etc")
                      .file("chain/etc/passwd", "c")
                      .finish()});
    CHECK(stage.content(outside.substr(1) + "/evil") == "a");
    CHECK(stage.content(outside.substr(1) + "/evil2") == "f");
    CHECK(stage.content("canary/evil") == "r");
    CHECK(stage.content(outside.substr(1) + "/etc/passwd") == "c");
    CHECK(stage.entry("absolute").target == outside);
    CHECK(stage.entry("relative").target == "../canary");
  }
}

TEST_CASE("a symlink of the same layer cannot redirect a write outside the root") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    stage.unpack({TarBuilder()
                      .dir("etc")
                      .symlink("localetc", "/etc")
                      .file("localetc/f", "in")
                      .symlink("up/out", "../../../canary")
                      .file("up/out/evil", "in")
                      .finish()});
    CHECK(stage.content("etc/f") == "in");
    CHECK(stage.content("canary/evil") == "in");
  }
}

TEST_CASE("a final symlink is replaced, never written through") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    const std::string outside = (stage.canary() / "evil").string();
    stage.unpack({TarBuilder()
                      .symlink("file", outside)
                      .symlink("dir", stage.canary().string())
                      .symlink("fifo", outside)
                      .symlink("link", outside)
                      .file("in", "in")
                      .symlink("inner", "in")
                      .finish(),
                  TarBuilder()
                      .file("file", "new")
                      .dir("dir")
                      .fifo("fifo")
                      .symlink("link", "elsewhere")
                      .file("inner", "new")
                      .finish()});
    CHECK(stage.entry("file").kind == "file");
    CHECK(stage.entry("dir").kind == "dir");
    CHECK(stage.entry("fifo").kind == "fifo");
    CHECK(stage.entry("link").target == "elsewhere");
    CHECK(stage.content("in") == "in");
  }
}

TEST_CASE("a dangling symlink on the way is completed inside the root") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    stage.unpack({TarBuilder()
                      .symlink("l", "/dne/deep")
                      .symlink("m", "../../canary/new")
                      .file("l/x", "1")
                      .file("m/x", "2")
                      .finish()});
    CHECK(stage.content("dne/deep/x") == "1");
    CHECK(stage.content("canary/new/x") == "2");
    CHECK(stage.entry("l").kind == "symlink");
  }
}

TEST_CASE("a loop of symlinks is an error on the way and fine at the end") {
  for (const Openat2 mode : both_modes) {
    const std::string loop = TarBuilder().symlink("a", "b").symlink("b", "a").finish();
    Stage fine(mode);
    fine.unpack({loop});
    CHECK(fine.entry("a").target == "b");
    Stage stage(mode);
    CHECK(contains(stage.refusal({loop, TarBuilder().file("a/x", "x").finish()}),
                   "Too many levels of symbolic links"));
  }
}

TEST_CASE("the root cannot be replaced") {
  for (const char* name : {".", "/", "./", "a/.."}) {
    Stage stage;
    CHECK(contains(stage.refusal({TarBuilder().symlink(name, stage.canary().string()).finish()}),
                   "root of the image"));
  }
  Stage file;
  file.refusal({TarBuilder().file(".", "x").finish()});
  Stage link;
  link.refusal({TarBuilder().file("a", "x").hardlink(".", "a").finish()});
}

TEST_CASE("a hard link cannot reach a file outside the root") {
  for (const Openat2 mode : both_modes) {
    for (const char* target :
         {"../canary/evil", "../../../../../../etc/hostname", "/etc/hostname"}) {
      Stage stage(mode);
      CHECK(contains(stage.refusal({TarBuilder().hardlink("h", target).finish()}),
                     "does not have at this point"));
    }
    Stage through(mode);
    const std::string outside = through.canary().string();
    through.refusal({TarBuilder().symlink("l", outside).hardlink("h", "l/evil").finish()});
    Stage inside(mode);
    inside.unpack(
        {TarBuilder().file("etc/passwd", "in").hardlink("h", "../../etc/passwd").finish()});
    CHECK(inside.content("h") == "in");
  }
}

TEST_CASE("attributes are not set through a symlink") {
  Stage stage;
  const std::string outside = (stage.canary() / "evil").string();
  TarBuilder tar;
  tar.symlink("l", outside, {.mode = 0777, .uid = 12, .gid = 13, .mtime = 5});
  tar.entry('1', "h", "l", "", {.mode = 04777, .uid = 12, .mtime = 7});
  stage.unpack({tar.finish()});
  CHECK(stage.entry("h").kind == "symlink");
  CHECK(stage.entry("l").mtime_seconds == 5);
  CHECK(stage.entry("l").links == 2);
}

TEST_CASE("names with odd bytes are kept as they are") {
  Stage stage;
  const std::vector<std::string> names = {"back\\slash", "C:",        "new\nline", "tab\t", "\x01",
                                          "d\xe9",       "e\xcc\x81", "\xc3\xa9",  "A",     "a"};
  TarBuilder tar;
  for (const std::string& name : names) tar.file(name, name);
  stage.unpack({tar.finish()});
  for (const std::string& name : names) CHECK(stage.content(name) == name);
}

TEST_CASE("a component that is too long is named in the error") {
  Stage stage;
  const std::string message =
      stage.refusal({TarBuilder().file("d/" + std::string(256, 'n'), "x").finish()});
  CHECK(contains(message, "256 bytes"));
  CHECK(contains(message, "d/nnn"));
}

TEST_CASE("a path longer than PATH_MAX is unpacked and removed") {
  for (const Openat2 mode : both_modes) {
    std::string path = "top";
    for (int i = 0; i < 30; ++i) path += "/" + std::string(200, static_cast<char>('a' + i % 26));
    const TarBuilder tar = TarBuilder().file(path + "/f", "deep").file(path + "/g", "deep");
    Stage stage(mode);
    CHECK(stage.unpack({tar.finish()}).files == 2);
    rootfs::remove_tree(stage.root());
    CHECK(!stage.exists(""));
    Stage hidden(mode);
    hidden.unpack({tar.finish(), TarBuilder().file(".wh.top", "").file("left", "x").finish()});
    CHECK(!hidden.exists("top"));
    CHECK(hidden.exists("left"));
  }
}
