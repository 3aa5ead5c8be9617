#include <fcntl.h>

#include <filesystem>
#include <fstream>

#include "rootfs/support/stage.hpp"
#include "rootfs/whiteout.hpp"

namespace {

std::string marker(const std::string& path) {
  return TarBuilder().file(path, "").finish();
}

}  // namespace

TEST_CASE("a whiteout removes what lower layers have, and itself is not there") {
  Stage stage;
  const auto summary = stage.unpack(
      {TarBuilder().file("d/f", "x").file("d/g", "x").file("t/a/b", "x").symlink("l", "d").finish(),
       TarBuilder().file("d/.wh.f", "").file(".wh.t", "").file(".wh.l", "").finish()});
  CHECK(!stage.exists("d/f"));
  CHECK(!stage.exists("d/.wh.f"));
  CHECK(stage.exists("d/g"));
  CHECK(!stage.exists("t"));
  CHECK(!stage.exists("l"));
  CHECK(summary.whiteouts == 3);
}

TEST_CASE("a whiteout of nothing does nothing") {
  Stage stage;
  const auto summary =
      stage.unpack({marker(".wh.first"),
                    TarBuilder().file("f", "x").file(".wh.absent", "").file("f/.wh.x", "").finish(),
                    TarBuilder().file("no/such/.wh.x", "").file("gone/.wh..wh..opq", "").finish()});
  CHECK(!stage.exists("no"));
  CHECK(!stage.exists("gone"));
  CHECK(stage.content("f") == "x");
  CHECK(summary.whiteouts == 0);
}

TEST_CASE("a whiteout does not delete its own layer's files") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    const std::string lower = TarBuilder()
                                  .file("before", "old")
                                  .file("after", "old")
                                  .file("dir/old", "old")
                                  .file("dir/sub/old", "old")
                                  .finish();
    stage.unpack({lower, TarBuilder()
                             .file("before", "new")
                             .file(".wh.before", "")
                             .file(".wh.after", "")
                             .file("after", "new")
                             .file("dir/sub/new", "new")
                             .file(".wh.dir", "")
                             .finish()});
    CHECK(stage.content("before") == "new");
    CHECK(stage.content("after") == "new");
    CHECK(stage.content("dir/sub/new") == "new");
    CHECK(!stage.exists("dir/old"));
    CHECK(!stage.exists("dir/sub/old"));
  }
}

TEST_CASE("a hard link to a lower file survives the whiteout of the lower name") {
  Stage stage;
  stage.unpack({TarBuilder().file("a", "x").finish(),
                TarBuilder().hardlink("b", "a").file(".wh.a", "").finish()});
  CHECK(!stage.exists("a"));
  CHECK(stage.content("b") == "x");
}

TEST_CASE("an opaque whiteout hides lower children only, wherever it stands") {
  for (const bool first : {true, false}) {
    Stage stage;
    TarBuilder upper;
    if (first) upper.file("d/.wh..wh..opq", "");
    upper.file("d/new", "new").file("d/sub/foo", "new").file("d/both", "new");
    if (!first) upper.file("d/.wh..wh..opq", "");
    stage.unpack({TarBuilder()
                      .dir("d", {.mode = 03775, .mtime = 77})
                      .file("d/old", "old")
                      .file("d/both", "old")
                      .file("d/sub/old", "old")
                      .dir("d/empty")
                      .finish(),
                  upper.finish()});
    CHECK(!stage.exists("d/old"));
    CHECK(!stage.exists("d/empty"));
    CHECK(!stage.exists("d/sub/old"));
    CHECK(!stage.exists("d/.wh..wh..opq"));
    CHECK(stage.content("d/new") == "new");
    CHECK(stage.content("d/both") == "new");
    CHECK(stage.content("d/sub/foo") == "new");
    CHECK(stage.entry("d").mode == 03775);
    CHECK(stage.entry("d").mtime_seconds == 77);
  }
}

TEST_CASE("an opaque whiteout keeps a new file whose directories have no entry of their own") {
  Stage stage;
  stage.unpack({TarBuilder().dir("a/b/c").file("a/b/old", "x").file("a/x", "x").finish(),
                TarBuilder().file("a/b/c/foo", "new").file("a/.wh..wh..opq", "").finish()});
  CHECK(stage.content("a/b/c/foo") == "new");
  CHECK(!stage.exists("a/b/old"));
  CHECK(!stage.exists("a/x"));
}

TEST_CASE("an opaque whiteout at the root clears the lower layers") {
  Stage stage;
  stage.unpack({TarBuilder().file("a/b", "x").symlink("s", "a").finish(),
                TarBuilder().file("new", "x").file(".wh..wh..opq", "").finish()});
  CHECK(list_tree(stage.root()).size() == 2);
  CHECK(stage.exists("new"));
}

TEST_CASE("opaque and plain markers together are fine in any order") {
  Stage stage;
  const std::string lower = TarBuilder().file("d/a", "x").file("d/b", "x").finish();
  stage.unpack({lower, TarBuilder()
                           .file("d/.wh.a", "")
                           .file("d/.wh..wh..opq", "")
                           .file("d/.wh.b", "")
                           .file("d/a", "new")
                           .finish()});
  CHECK(stage.content("d/a") == "new");
  CHECK(!stage.exists("d/b"));
}

TEST_CASE("markers through a symlinked parent act inside the root") {
  for (const Openat2 mode : both_modes) {
    Stage stage(mode);
    stage.unpack({TarBuilder()
                      .file("etc/hidden", "x")
                      .file("etc/own", "x")
                      .file("opt/x", "x")
                      .symlink("l", "/etc")
                      .symlink("o", "opt")
                      .symlink("out", stage.canary().string())
                      .symlink("rel", "../canary")
                      .finish(),
                  TarBuilder()
                      .file("etc/own", "new")
                      .file("l/.wh.hidden", "")
                      .file("l/.wh.own", "")
                      .file("o/.wh..wh..opq", "")
                      .file("out/.wh.evil", "")
                      .file("out/.wh..wh..opq", "")
                      .file("rel/.wh..wh..opq", "")
                      .finish()});
    CHECK(!stage.exists("etc/hidden"));
    CHECK(stage.content("etc/own") == "new");
    CHECK(!stage.exists("opt/x"));
    CHECK(stage.entry("o").kind == "symlink");
  }
}

TEST_CASE("an entry written through a symlink is safe from a marker on the real path") {
  Stage stage;
  stage.unpack({TarBuilder().file("real/old", "x").symlink("l", "real").finish(),
                TarBuilder().file("l/new", "new").file("real/.wh..wh..opq", "").finish()});
  CHECK(stage.content("real/new") == "new");
  CHECK(!stage.exists("real/old"));
}

TEST_CASE("a whiteout that names no entry is refused") {
  for (const char* name : {".wh..", ".wh...", ".wh.", "d/.wh..", "d/.wh...", "d/.wh."}) {
    Stage stage;
    const std::string lower = TarBuilder().file("d/f", "x").finish();
    CHECK(contains(stage.refusal({lower, marker(name)}), "names no entry"));
    Stage first;
    first.refusal({marker(name)});
  }
}

TEST_CASE("a marker of any kind is a marker") {
  for (const char type : {'0', '1', '2', '5', '6'}) {
    Stage stage;
    stage.unpack({TarBuilder().file("d/f", "x").file("d/g", "x").finish(),
                  TarBuilder().entry(type, "d/.wh.f", "d/g", "", {}).finish()});
    CHECK(!stage.exists("d/f"));
    CHECK(!stage.exists("d/.wh.f"));
    CHECK(stage.exists("d/g"));
  }
}

TEST_CASE("the data of a marker is skipped") {
  Stage stage;
  stage.unpack({TarBuilder().file("f", "x").finish(),
                TarBuilder().file(".wh.f", std::string(3000, 'd')).file("g", "g").finish()});
  CHECK(!stage.exists("f"));
  CHECK(stage.content("g") == "g");
}

TEST_CASE("entries below a whiteout are refused") {
  Stage stage;
  CHECK(
      contains(stage.refusal({TarBuilder().file(".wh.etc/f", "x").finish()}), "below a whiteout"));
}

TEST_CASE("AUFS bookkeeping does not end up in the image") {
  Stage stage;
  stage.unpack({TarBuilder()
                    .dir(".wh..wh.plnk")
                    .file(".wh..wh.plnk/1.2", "x")
                    .file(".wh..wh.aufs", "")
                    .dir(".wh..wh.orph")
                    .file("d/f", "x")
                    .finish()});
  CHECK(list_tree(stage.root()).size() == 3);
}

TEST_CASE("overlay's own whiteouts are no whiteouts in a layer") {
  Stage stage;
  const auto summary =
      stage.unpack({TarBuilder().file("f", "x").dir("d").file("d/g", "x").finish(),
                    TarBuilder()
                        .char_device("f", 0, 0)
                        .dir("d", {.mode = 0755,
                                   .pax = {{"SCHILY.xattr.trusted.overlay.opaque", "y"},
                                           {"SCHILY.xattr.user.overlay.opaque", "y"}}})
                        .finish()});
  CHECK(stage.content("f") == "x");
  CHECK(stage.content("d/g") == "x");
  CHECK(stage.entry("d").xattrs.empty());
  CHECK(summary.skipped_devices == 1);
  CHECK(summary.skipped_xattrs == 0);
}

TEST_CASE("a marker leaves the time of the directory alone") {
  Stage stage;
  stage.unpack({TarBuilder().dir("d", {.mode = 0755, .mtime = 500}).file("d/f", "x").finish(),
                marker("d/.wh.f")});
  CHECK(stage.entry("d").mtime_seconds == 500);
}

TEST_CASE("a layer with many entries of its own keeps exactly those") {
  TarBuilder lower, upper;
  for (int i = 0; i < 2000; ++i) lower.file("d/" + std::to_string(i), "old");
  for (int i = 0; i < 2000; i += 2) upper.file("d/" + std::to_string(i), "new");
  upper.file("d/.wh..wh..opq", "");
  Stage stage;
  stage.unpack({lower.finish(), upper.finish()});
  CHECK(list_tree(stage.root()).size() == 2 + 1000);
  CHECK(stage.content("d/1998") == "new");
  CHECK(!stage.exists("d/1999"));
}

TEST_CASE("many markers for one directory cost one look at it") {
  const ScratchDir scratch;
  const std::string path = scratch / "d";
  const auto add = [&](const std::string& name) { std::ofstream(path + "/" + name) << "x"; };
  std::filesystem::create_directory(path);
  add("lower");
  const base::UniqueFd above(::open((scratch / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const rootfs::Parent parent{above.get(), rootfs::directory_id(above.get())};
  const rootfs::Parent directory{fd.get(), rootfs::directory_id(fd.get())};
  const rootfs::PendingDirectories known;
  rootfs::LayerMarks marks;
  marks.start(rootfs::LayerMarks::Lower::some);
  marks.used_directory(directory.id);
  CHECK(rootfs::hide_children(directory, marks, known));
  CHECK(!std::filesystem::exists(path + "/lower"));
  // Not known as the layer's own, so that another look would remove it.
  add("unseen");
  CHECK(!rootfs::hide_children(directory, marks, known));
  CHECK(!rootfs::hide_entry(parent, "d", marks, known));
  CHECK(std::filesystem::exists(path + "/unseen"));
  marks.start(rootfs::LayerMarks::Lower::some);
  marks.used_directory(directory.id);
  CHECK(rootfs::hide_entry(parent, "d", marks, known));
  CHECK(!std::filesystem::exists(path + "/unseen"));
}
