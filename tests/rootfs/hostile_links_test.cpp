#include <algorithm>

#include "rootfs/support/everywhere.hpp"
#include "support/catch.hpp"
#include "support/tar_builder.hpp"

TEST_CASE("a link that points out of the root is kept as text and followed by nobody") {
  for (const char* target :
       {"/etc/passwd", "../../../../../../etc/passwd", "/proc/self/root/etc"}) {
    require_tree({TarBuilder().symlink("l", target).finish()}, {std::string("l -> ") + target});
    // Files, attributes and markers that go through it stay inside.
    require_tree({TarBuilder().symlink("l", target).finish(),
                  TarBuilder().file(".wh.l", "").file("l", "x").finish()},
                 {"l file x"});
  }
}

TEST_CASE("a link over a link replaces it, in the same layer and in the next") {
  const std::string first = TarBuilder().symlink("l", "/one").finish();
  const std::string second = TarBuilder().symlink("l", "/two").finish();
  require_tree({first, second}, {"l -> /two"});
  require_tree({TarBuilder().symlink("l", "/one").symlink("l", "/two").finish()}, {"l -> /two"});
}

TEST_CASE("a hard link to what the same layer deleted is an error that names both") {
  const std::string lower = TarBuilder().file("a", "x").finish();
  require_refusal({lower, TarBuilder().file(".wh.a", "").hardlink("b", "a").finish()},
                  {"\"b\"", "\"a\""});
  // But not to what the layer itself wrote: whiteouts hide lower layers only.
  require_tree({lower, TarBuilder().file("a", "new").file(".wh.a", "").hardlink("b", "a").finish()},
               {"a file new", "b = a"});
}

TEST_CASE("an old AUFS layer whose hard links lead to its own bookkeeping is not refused") {
  const std::string links = TarBuilder()
                                .dir(".wh..wh.plnk")
                                .file(".wh..wh.plnk/7.1", "x")
                                .hardlink("b", ".wh..wh.plnk/7.1")
                                .hardlink("d/c", "/.wh..wh.plnk/7.1")
                                .file("e", "y")
                                .hardlink(".wh..wh.plnk/8.1", "e")
                                .finish();
  require_tree({links}, {"b file x", "d dir", "d/c = b", "e file y"});
  const std::string lower = TarBuilder().file("a", "x").finish();
  require_tree({lower, links, lower}, {"a file x", "b file x", "d dir", "d/c = b", "e file y"});
  // They are this layer's only, and nothing else below such a name is there.
  require_refusal({links, TarBuilder().hardlink("f", ".wh..wh.plnk/7.1").finish()},
                  {"\"f\"", ".wh..wh.plnk/7.1"});
  require_tree({TarBuilder()
                    .file(".wh..wh.plnk/x/y", "x")
                    .symlink(".wh..wh.plnk/l", "x")
                    .file("d/.wh..wh.plnk/x", "x")
                    .finish()},
               {});
}

TEST_CASE("a hard link to what comes later is the lower layer's file or an error") {
  require_refusal({TarBuilder().hardlink("b", "a").file("a", "x").finish()}, {"\"b\"", "\"a\""});
  require_tree({TarBuilder().file("a", "old").finish(),
                TarBuilder().hardlink("b", "a").file("a", "new").finish()},
               {"a file new", "b file old"});
}

TEST_CASE("a hard link to a file that a later layer deletes keeps the content") {
  require_tree({TarBuilder().file("a", "x").finish(), TarBuilder().hardlink("b", "a").finish(),
                TarBuilder().file(".wh.a", "").finish()},
               {"b file x"});
}

TEST_CASE("a hard link to a directory, or in the place of what it names, is refused") {
  require_refusal({TarBuilder().dir("d").hardlink("h", "d").finish()}, {"is a directory"});
  require_refusal({TarBuilder().dir("d").hardlink("h", "/").finish()}, {"\"h\""});
  require_refusal({TarBuilder().file("d/f", "x").hardlink("d", "d/f").finish()},
                  {"\"d\"", "\"d/f\""});
}

TEST_CASE("content that a link or a device claims to have does not hide the entry behind it") {
  for (const char type : {'1', '2', '3', '4', '5', '6'}) {
    const std::string target = type <= '2' ? "a" : "";
    const std::string bytes = TarBuilder()
                                  .file("a", "x")
                                  .bare_header(type, "l", 512, target)
                                  .file("hidden", "y")
                                  .finish();
    for (const auto& [way, refusal, lines] : unpack_everywhere({bytes})) {
      INFO(way << " type " << type << " " << refusal);
      CHECK(refusal == "");
      CHECK(std::find(lines.begin(), lines.end(), "hidden file y") != lines.end());
    }
    require_refusal({TarBuilder()
                         .file("a", "x")
                         .entry(type, "l", target, "", {.pax = {{"size", "512"}}})
                         .file("hidden", "y")
                         .finish()},
                    {"\"l\" is no file but has a size"});
  }
}

TEST_CASE("a hard link to nothing is not taken for what its mode says") {
  for (const unsigned mode : {0644U, 0100644U, 040755U}) {
    require_refusal({TarBuilder().entry('1', "l", "", "", {.mode = mode}).finish()},
                    {"\"l\" is a hard link to nothing"});
  }
}

TEST_CASE("two links that lead to each other end a write, not the program") {
  const std::string loop = TarBuilder().symlink("a", "b/x").symlink("b", "a/y").finish();
  require_tree({loop}, {"a -> b/x", "b -> a/y"});
  require_refusal({loop, TarBuilder().file("a/f", "x").finish()}, {"symbolic links"});
  require_refusal({loop, TarBuilder().file("a/.wh.f", "").finish()}, {"symbolic links"});
}

TEST_CASE("a marker below a link that leads nowhere makes nothing") {
  require_tree({TarBuilder().symlink("l", "/no/where").symlink("o", "../canary").finish(),
                TarBuilder()
                    .file("l/.wh.x", "")
                    .file("l/.wh..wh..opq", "")
                    .file("o/.wh.evil", "")
                    .file("o/.wh..wh..opq", "")
                    .finish()},
               {"l -> /no/where", "o -> ../canary"});
}

TEST_CASE("a link to a marker's name is followed like any other, and deletes nothing") {
  require_tree({TarBuilder().file("d/f", "x").symlink("l", ".wh.d").file("l/g", "x").finish(),
                TarBuilder().symlink("d/o", ".wh..wh..opq").file("d/o/h", "x").finish()},
               {".wh.d dir", ".wh.d/g file x", "d dir", "d/.wh..wh..opq dir",
                "d/.wh..wh..opq/h file x", "d/f file x", "d/o -> .wh..wh..opq", "l -> .wh.d"});
}

TEST_CASE("a link that is hidden hides nothing of what it points at") {
  require_tree({TarBuilder().file("d/f", "x").symlink("l", "d").finish(),
                TarBuilder().file(".wh.l", "").finish()},
               {"d dir", "d/f file x"});
}
