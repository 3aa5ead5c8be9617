#include <sys/stat.h>
#include <sys/xattr.h>

#include "rootfs/support/stage.hpp"

namespace {

/// Version 2; user::rwx, user:1000:rwx, group::r-x, mask::rwx, other::r-x
const std::string acl(
    "\2\0\0\0\1\0\7\0\xff\xff\xff\xff\2\0\7\0\xe8\3\0\0\4\0\5\0\xff\xff\xff\xff"
    "\x10\0\7\0\xff\xff\xff\xff\x20\0\5\0\xff\xff\xff\xff",
    44);

bool is_root() {
  return ::geteuid() == 0;
}

}  // namespace

TEST_CASE("setuid, setgid and sticky bits survive the change of owner") {
  Stage stage;
  const auto summary = stage.unpack({TarBuilder()
                                         .file("su", "x", {.mode = 04755, .uid = 7, .gid = 8})
                                         .file("both", "x", {.mode = 06711})
                                         .dir("tmp", {.mode = 01777})
                                         .dir("mail", {.mode = 02775, .gid = 8})
                                         .file("mail/in", "x")
                                         .dir("mail/sub")
                                         .finish()});
  CHECK(stage.entry("su").mode == (is_root() ? 04755 : 0755));
  CHECK(stage.entry("both").mode == (is_root() ? 06711 : 0711));
  CHECK(stage.entry("tmp").mode == 01777);
  if (is_root()) {
    CHECK(stage.entry("mail").mode == 02775);
    CHECK(stage.entry("su").uid == 7);
    CHECK(stage.entry("su").gid == 8);
    CHECK(stage.entry("mail/in").gid == 0);
    CHECK(stage.entry("mail/sub").gid == 0);
    CHECK(stage.entry("mail/sub").mode == 0755);
    CHECK(summary.owners_not_kept == 0);
  } else {
    CHECK(summary.owners_not_kept > 0);
    CHECK(contains(stage.log(), "needs root"));
  }
}

TEST_CASE("the umask of the process does not matter") {
  for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
    Stage stage;
    const mode_t before = ::umask(mask);
    stage.unpack({TarBuilder()
                      .file("f", "x", {.mode = 0666})
                      .fifo("p")
                      .dir("d", {.mode = 0777})
                      .file("implied/f", "x")
                      .finish()});
    ::umask(before);
    CHECK(stage.entry("f").mode == 0666);
    CHECK(stage.entry("p").mode == 0644);
    CHECK(stage.entry("d").mode == 0777);
    CHECK(stage.entry("implied").mode == 0755);
    CHECK(stage.entry("").mode == 0755);
  }
}

TEST_CASE("a directory we could not write into is filled all the same") {
  Stage stage;
  stage.unpack({TarBuilder().dir("locked", {.mode = 0}).file("locked/f", "x", {.mode = 0}).finish(),
                TarBuilder().dir("locked/sub", {.mode = 0555}).file("locked/sub/g", "x").finish()});
  CHECK(stage.entry("locked").mode == 0);
  // Also what nobody may enter must go away again.
  rootfs::remove_tree(stage.root());
  CHECK(!stage.exists(""));
}

TEST_CASE("a directory that is only implied is root's, 0755, and the same in every run") {
  Stage stage;
  stage.unpack({TarBuilder().dir("kept", {.mode = 0700, .mtime = 5}).finish(),
                TarBuilder().file("a/b/c", "x").file("kept/f", "x").finish()});
  CHECK(stage.entry("a/b").mode == 0755);
  CHECK(stage.entry("a/b").uid == ::geteuid());
  CHECK(stage.entry("a/b").mtime_seconds == 0);
  CHECK(stage.entry("a").mtime_seconds == 0);
  CHECK(stage.entry("kept").mode == 0700);
  CHECK(stage.entry("kept").mtime_seconds == 5);
}

TEST_CASE("a directory has the time of the last layer that carried it, whatever came after") {
  Stage stage;
  stage.unpack({TarBuilder().file("d/f", "x").dir("d", {.mode = 0700, .mtime = 500}).finish(),
                TarBuilder().file("d/g", "x").finish(),
                TarBuilder().dir("e", {.mode = 0755, .mtime = 600}).file("e/f/g", "x").finish()});
  CHECK(stage.entry("d").mtime_seconds == 500);
  CHECK(stage.entry("d").mode == 0700);
  CHECK(stage.entry("e").mtime_seconds == 600);
}

TEST_CASE("times keep their nanoseconds, before 1970 too") {
  Stage stage;
  stage.unpack({TarBuilder()
                    .file("f", "x", {.pax = {{"mtime", "123.123456789"}}})
                    .file("zero", "x", {.mtime = 0})
                    .file("old", "x", {.mtime = -100000})
                    .symlink("l", "x", {.mode = 0777, .pax = {{"mtime", "7.5"}}})
                    .fifo("p")
                    .finish()});
  CHECK(stage.entry("f").mtime_seconds == 123);
  CHECK(stage.entry("f").mtime_nanoseconds == 123456789);
  CHECK(stage.entry("zero").mtime_seconds == 0);
  CHECK(stage.entry("old").mtime_seconds == -100000);
  CHECK(stage.entry("l").mtime_seconds == 7);
  CHECK(stage.entry("l").mtime_nanoseconds == 500000000);
  CHECK(stage.entry("p").mtime_seconds == 1000000000);
}

TEST_CASE("the root's attributes are applied but never shut other users out") {
  Stage stage;
  stage.unpack({TarBuilder().dir("./", {.mode = 0700, .uid = 0, .mtime = 42}).finish()});
  CHECK(stage.entry("").mode == 0755);
  CHECK(stage.entry("").mtime_seconds == 42);
  Stage sticky;
  sticky.unpack({TarBuilder().dir("", {.mode = 01777}).finish()});
  CHECK(sticky.entry("").mode == 01777);
}

TEST_CASE("owner ids the kernel does not have are refused") {
  for (const int64_t id : {int64_t{4294967295}, int64_t{1} << 40, int64_t{-1}}) {
    Stage stage;
    stage.refusal({TarBuilder().file("f", "x", {.uid = id}).finish()});
    Stage group;
    group.refusal({TarBuilder().dir("d", {.mode = 0755, .gid = id}).finish()});
  }
  Stage largest;
  largest.unpack({TarBuilder().file("f", "x", {.uid = 4294967294}).finish()});
  if (is_root()) CHECK(largest.entry("f").uid == 4294967294);
}

TEST_CASE("extended attributes are set as bytes, the machine's own are not") {
  const std::string binary("\0\xff=\n", 4);
  Stage stage;
  const auto summary = stage.unpack({TarBuilder()
                                         .file("f", "x",
                                               {.mode = 0444,
                                                .pax = {{"SCHILY.xattr.user.a", binary},
                                                        {"LIBARCHIVE.xattr.user.b", "AAEC"},
                                                        {"SCHILY.xattr.security.selinux", "label"},
                                                        {"SCHILY.xattr.trusted.x", "1"},
                                                        {"SCHILY.xattr.system.nfs4_acl", "1"},
                                                        {"SCHILY.xattr.security.ima", "1"}}})
                                         .finish()});
  const auto& xattrs = stage.entry("f").xattrs;
  if (summary.skipped_xattrs > 0) return;  // No user.* attributes on this file system.
  CHECK(xattrs.size() == 2);
  CHECK(xattrs.at("user.a") == binary);
  CHECK(xattrs.at("user.b") == std::string("\0\1\2", 3));
  CHECK(stage.entry("f").mode == 0444);
}

TEST_CASE("a file capability survives owner and mode") {
  // VFS_CAP_REVISION_2 with cap_net_raw permitted and effective.
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  Stage stage;
  const auto summary = stage.unpack(
      {TarBuilder()
           .file(
               "ping", "x",
               {.mode = 0755, .uid = 5, .pax = {{"SCHILY.xattr.security.capability", capability}}})
           .finish()});
  if (is_root() && summary.skipped_xattrs == 0) {
    CHECK(stage.entry("ping").xattrs.at("security.capability") == capability);
    CHECK(stage.entry("ping").uid == 5);
  } else {
    CHECK(summary.skipped_xattrs == 1);
    CHECK(contains(stage.log(), "security.capability"));
  }
}

TEST_CASE("an attribute that cannot be set is a warning, said once") {
  Stage stage;
  const TarBuilder::Attributes on_link{.mode = 0777, .pax = {{"SCHILY.xattr.user.a", "1"}}};
  const auto summary =
      stage.unpack({TarBuilder().symlink("a", "x", on_link).symlink("b", "x", on_link).finish()});
  CHECK(summary.skipped_xattrs == 2);
  const std::string log = stage.log();
  CHECK(contains(log, "user.a"));
  CHECK(log.find("cannot set") == log.rfind("cannot set"));
}

TEST_CASE("what is not part of an image is not told as lost") {
  Stage stage;
  const auto summary =
      stage.unpack({TarBuilder()
                        .file("f", "x", {.pax = {{"SCHILY.xattr.security.selinux", "label"}}})
                        .file("g", "x", {.pax = {{"SCHILY.xattr.trusted.x", "1"}}})
                        .finish()});
  CHECK(summary.skipped_xattrs == 0);
  CHECK_FALSE(contains(stage.log(), "cannot set"));
}

TEST_CASE("of two records of one attribute the last one counts, as for all else") {
  Stage stage;
  const auto summary = stage.unpack({TarBuilder()
                                         .file("f", "x",
                                               {.pax = {{"SCHILY.xattr.user.a", "first"},
                                                        {"SCHILY.xattr.user.b", "other"},
                                                        {"SCHILY.xattr.user.a", "last"}}})
                                         .finish()});
  if (summary.skipped_xattrs > 0) return;  // No user.* attributes on this file system.
  CHECK(stage.entry("f").xattrs.at("user.a") == "last");
  CHECK(stage.entry("f").xattrs.at("user.b") == "other");
}

TEST_CASE("a directory that comes again loses the attributes it no longer has") {
  Stage stage;
  const auto summary = stage.unpack(
      {TarBuilder().dir("d", {.mode = 0755, .pax = {{"SCHILY.xattr.user.old", "1"}}}).finish(),
       TarBuilder().dir("d", {.mode = 0755, .pax = {{"SCHILY.xattr.user.new", "2"}}}).finish()});
  if (summary.skipped_xattrs == 0) {
    CHECK(stage.entry("d").xattrs == std::map<std::string, std::string>{{"user.new", "2"}});
  }
}

TEST_CASE("files do not inherit the default ACL of the directory they are in") {
  Stage stage;
  const auto summary = stage.unpack(
      {TarBuilder()
           .dir("d", {.mode = 0755, .pax = {{"SCHILY.xattr.system.posix_acl_default", acl}}})
           .file("d/f", "x")
           .finish(),
       TarBuilder().dir("d/sub").finish()});
  if (summary.skipped_xattrs == 0) {
    CHECK(stage.entry("d").xattrs.contains("system.posix_acl_default"));
    CHECK(stage.entry("d/f").xattrs.empty());
    CHECK(stage.entry("d/sub").xattrs.empty());
  }
}

TEST_CASE("an image does not inherit from the directory that it is unpacked in") {
  Stage stage;
  const std::string above = stage.root().parent_path();
  REQUIRE(::chmod(above.c_str(), 02777) == 0);
  // Not every file system has ACLs.
  ::setxattr(above.c_str(), "system.posix_acl_default", acl.data(), acl.size(), 0);
  stage.unpack({TarBuilder().file("f", "x").dir("d").file("implied/f", "x").finish()});
  for (const std::string path : {"", "f", "d", "implied", "implied/f"}) {
    INFO(path);
    CHECK(stage.entry(path).xattrs.empty());
    CHECK(stage.entry(path).mode == (path.ends_with('f') ? 0644U : 0755U));
  }
}

TEST_CASE("long runs of zeros become holes and read back the same") {
  std::string content(3'000'000, '\0');
  content.replace(1'000'000, 4, "data");
  std::string tail = content + "end";
  Stage stage;
  stage.unpack({TarBuilder()
                    .file("sparse", content)
                    .file("tail", tail)
                    .file("zeros", std::string(100'000, '\0'))
                    .file("small", std::string(10, '\0'))
                    .finish()});
  CHECK(stage.content("sparse") == content);
  CHECK(stage.content("tail") == tail);
  CHECK(stage.content("zeros") == std::string(100'000, '\0'));
  CHECK(stage.content("small") == std::string(10, '\0'));
  struct stat status {};
  REQUIRE(::stat((stage / "sparse").c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 < 1'000'000);
}
