#include "rootfs/xattrs.hpp"

#include <fcntl.h>
#include <sys/xattr.h>

#include "base/handle.hpp"
#include "support/catch.hpp"
#include "support/forbidden_call.hpp"
#include "support/scratch_dir.hpp"

using base::EntryKind;

namespace {

/// The names of those that are left of `given`, which all have the value "v". The others are told
/// as skipped, if they are `of_image`.
std::vector<std::string> kept(EntryKind kind, const std::vector<std::string>& given,
                              bool of_image = true) {
  base::Entry entry;
  entry.kind = kind;
  for (const std::string& name : given) entry.xattrs.push_back({name, "v"});
  uint64_t skipped = 0;
  std::vector<std::string> names;
  for (const base::Xattr& xattr : rootfs::settle_xattrs(entry, skipped)) {
    CHECK(xattr.value == "v");
    names.push_back(xattr.name);
  }
  CHECK(skipped == (of_image ? given.size() - names.size() : 0));
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("each kind of entry keeps the attributes that the kernel would give it, and no others") {
  const Names all = {"user.x", "system.posix_acl_access", "system.posix_acl_default",
                     "security.capability"};
  CHECK(kept(EntryKind::file, all) ==
        Names{"security.capability", "system.posix_acl_access", "user.x"});
  CHECK(kept(EntryKind::directory, all) == Names{"security.capability", "system.posix_acl_access",
                                                 "system.posix_acl_default", "user.x"});
  CHECK(kept(EntryKind::symlink, all) == Names{"security.capability"});
  CHECK(kept(EntryKind::fifo, all) == Names{"security.capability", "system.posix_acl_access"});
}

TEST_CASE("what belongs to the machine and not to the image is left out") {
  for (const std::string name :
       {"user.overlay.opaque", "users.x", "security.selinux", "security.capability2",
        "trusted.overlay.opaque", "system.nfs4_acl", ""}) {
    INFO(name);
    CHECK(kept(EntryKind::directory, {name}, false).empty());
  }
  CHECK(kept(EntryKind::directory, {"user.", "system.posix_acl_other"}).empty());
  CHECK(kept(EntryKind::directory, {"user.overlay"}) == Names{"user.overlay"});
}

TEST_CASE("attributes have the sizes that the kernel has, to the byte") {
  const std::string longest = "user." + std::string(250, 'n');
  CHECK(kept(EntryKind::file, {longest, longest + "n"}) == Names{longest});
  base::Entry entry;
  entry.xattrs = {{"user.a", std::string(65536, 'v')}, {"user.b", std::string(65537, 'v')}};
  uint64_t skipped = 0;
  const auto settled = rootfs::settle_xattrs(entry, skipped);
  REQUIRE(settled.size() == 1);
  CHECK(settled[0].name == "user.a");
  CHECK(skipped == 1);
}

TEST_CASE("of two attributes with one name the last one counts, as when both are set") {
  base::Entry entry;
  entry.xattrs = {{"user.b", "1"}, {"user.a", "1"}, {"user.b", "2"}};
  uint64_t skipped = 0;
  const auto settled = rootfs::settle_xattrs(entry, skipped);
  REQUIRE(settled.size() == 2);
  CHECK(settled[0].name == "user.a");
  CHECK(settled[1].value == "2");
  CHECK(skipped == 0);
}

TEST_CASE("attributes are found on every kernel") {
  const ScratchDir scratch;
  const base::UniqueFd top(::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(base::UniqueFd(::open((scratch / "file").c_str(), O_WRONLY | O_CREAT, 0600)));
  std::filesystem::create_symlink("file", scratch / "link");
  const std::string large(3000, 'v');
  const auto set = [&](const std::string& path, const char* name, const std::string& value) {
    return ::setxattr(path.c_str(), name, value.data(), value.size(), 0) == 0;
  };
  if (!set(scratch / "file", "user.b", large) || !set(scratch / "file", "user.a", "") ||
      !set(scratch.path(), "user.top", "t")) {
    WARN("skipped: this file system has no extended attributes");
    return;
  }
  /// What is wrong; 0 is nothing.
  const auto list = [&] {
    const auto of_file = rootfs::list_xattrs(top.get(), "file", "it");
    if (of_file != std::vector<base::Xattr>{{"user.a", ""}, {"user.b", large}}) return 1;
    if (!rootfs::list_xattrs(top.get(), "link", "it").empty()) return 2;
    const auto of_top = rootfs::list_xattrs(top.get(), ".", "it");
    return of_top == std::vector<base::Xattr>{{"user.top", "t"}} ? 0 : 3;
  };
  CHECK(list() == 0);
  if (!can_forbid()) {
    WARN("skipped: no system call can be forbidden here");
    return;
  }
  // Kernels before 6.13 and sandboxes do not know the call that finds them at once.
  constexpr unsigned listxattrat = 465;
  for (const unsigned error : {unsigned{ENOSYS}, unsigned{EPERM}}) {
    CHECK(status_of([&] { return forbid(listxattrat, error) ? list() : 4; }) == 0);
  }
}
