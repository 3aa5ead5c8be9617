#include "base/rooted_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

namespace fs = std::filesystem;

namespace {

using base::RootedDir;
constexpr RootedDir::Openat2 both_modes[] = {RootedDir::Openat2::probe, RootedDir::Openat2::never};

/// A root with links that try to leave it, and what they would find outside.
class Site {
 public:
  Site() {
    fs::create_directories(scratch_ / "root/usr/lib/deep");
    fs::create_directories(scratch_ / "outside/usr");
    write("root/usr/lib/file", "inside");
    write("root/top", "inside top");
    write("outside/file", "outside");
    write("outside/usr/file", "outside");
    link("/usr/lib", "absolute");
    link("usr/lib", "relative");
    link("../../../../usr/lib", "clamped");
    link((scratch_ / "outside").string(), "out");
    link("../outside", "sibling");
    link("relative", "chain");
    link("/chain/../lib/./deep/..", "dots");
    link("loop2", "loop1");
    link("loop1", "loop2");
    link("nowhere", "dangling");
    link("top", "to_file");
    link("../../top", "usr/lib/up");
    for (int i = 0; i < 41; ++i) {
      link(i == 0 ? "usr" : "n" + std::to_string(i - 1), "n" + std::to_string(i));
    }
    mkfifo((scratch_ / "root/fifo").c_str(), 0600);
  }

  std::string root() const { return (scratch_ / "root").string(); }

 private:
  void write(const std::string& path, const std::string& content) {
    std::ofstream(scratch_ / path) << content;
  }
  void link(const std::string& target, const std::string& name) {
    fs::create_symlink(target, scratch_ / ("root/" + name));
  }

  ScratchDir scratch_;
};

std::string content(const base::UniqueFd& fd) {
  char buffer[100];
  const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
  return count < 0 ? "unreadable" : std::string(buffer, static_cast<size_t>(count));
}

bool same(const base::UniqueFd& fd, const std::string& path) {
  struct stat a {
  }, b{};
  return fd && ::fstat(fd.get(), &a) == 0 && ::stat(path.c_str(), &b) == 0 &&
         a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

}  // namespace

TEST_CASE("paths resolve inside the root whatever links they meet") {
  const Site site;
  const struct {
    const char* path;
    const char* leads_to;
  } table[] = {
      {"", ""},
      {"/", ""},
      {".", ""},
      {"..", ""},
      {"../../..", ""},
      {"usr/lib", "usr/lib"},
      {"/usr//lib/", "usr/lib"},
      {"usr/lib/../../usr", "usr"},
      {"usr/../../usr", "usr"},
      {"absolute", "usr/lib"},
      {"relative/deep", "usr/lib/deep"},
      {"clamped", "usr/lib"},
      {"chain", "usr/lib"},
      {"chain/..", "usr"},
      {"dots", "usr/lib"},
      {"relative/./deep/../../lib", "usr/lib"},
      {"n39", "usr"},
  };
  for (const auto mode : both_modes) {
    const RootedDir root = RootedDir::open(site.root(), mode);
    for (const auto& row : table) {
      INFO(row.path);
      CHECK(same(root.open_directory(row.path), site.root() + "/" + row.leads_to));
    }
  }
}

TEST_CASE("what leads nowhere inside the root is not found, even when it exists outside") {
  const Site site;
  for (const auto mode : both_modes) {
    const RootedDir root = RootedDir::open(site.root(), mode);
    for (const char* path : {"missing", "missing/x", "out", "sibling", "out/usr", "dangling",
                             "dangling/x", "top", "top/x", "to_file", "to_file/x", "fifo"}) {
      INFO(path);
      CHECK(!root.open_directory(path));
    }
  }
}

TEST_CASE("loops and too many links are errors, not hangs") {
  const Site site;
  for (const auto mode : both_modes) {
    const RootedDir root = RootedDir::open(site.root(), mode);
    for (const char* path : {"loop1", "loop1/x", "n40"}) {
      INFO(path);
      REQUIRE_THROWS_AS(root.open_directory(path), base::Error);
    }
  }
}

TEST_CASE("a file is opened through links on the way, but is not itself a link") {
  const Site site;
  for (const auto mode : both_modes) {
    const RootedDir root = RootedDir::open(site.root(), mode);
    CHECK(content(root.open_file("top")) == "inside top");
    CHECK(content(root.open_file("/top")) == "inside top");
    CHECK(content(root.open_file("usr/lib/file")) == "inside");
    CHECK(content(root.open_file("absolute/file")) == "inside");
    CHECK(content(root.open_file("clamped/../lib/file")) == "inside");
    for (const char* path : {"to_file", "usr/lib/up", "out/file", "sibling/file", "missing", "usr",
                             "", ".", "..", "fifo", "top/", "loop1", "loop1/file"}) {
      INFO(path);
      REQUIRE_THROWS_AS(root.open_file(path), base::Error);
    }
  }
}

TEST_CASE("a NUL byte does not cut a path short") {
  const Site site;
  const RootedDir root = RootedDir::open(site.root());
  REQUIRE_THROWS_AS(root.open_file(std::string_view("top\0x", 5)), base::Error);
  REQUIRE_THROWS_AS(root.open_directory(std::string_view("usr\0x", 5)), base::Error);
}

TEST_CASE("missing directories are asked for, inside the root") {
  for (const auto mode : both_modes) {
    const Site site;
    const RootedDir root = RootedDir::open(site.root(), mode);
    std::string asked;
    const auto make = [&](int parent, const std::string& name, bool exists) {
      asked += name + (exists ? "! " : " ");
      if (exists) ::unlinkat(parent, name.c_str(), 0);
      if (::mkdirat(parent, name.c_str(), 0755) != 0) base::throw_errno("mkdir");
    };
    CHECK(same(root.make_directories("relative/a/b", make), site.root() + "/usr/lib/a/b"));
    CHECK(same(root.make_directories("dangling/c", make), site.root() + "/nowhere/c"));
    CHECK(same(root.make_directories("sibling/d", make), site.root() + "/outside/d"));
    CHECK(same(root.make_directories("to_file/e", make), site.root() + "/top/e"));
    CHECK(asked == "a b nowhere c outside d top! e ");
    REQUIRE_THROWS_AS(root.make_directories("loop1/x", make), base::Error);
  }
}

TEST_CASE("paths longer than the kernel takes at once resolve too") {
  ScratchDir scratch;
  const std::string name(250, 'd');
  std::string path;
  {
    const RootedDir root = RootedDir::open(scratch.path().string());
    const auto make = [](int parent, const std::string& part, bool) {
      if (::mkdirat(parent, part.c_str(), 0755) != 0) base::throw_errno("mkdir");
    };
    for (int i = 0; i < 25; ++i) path += name + "/";
    const base::UniqueFd deep = root.make_directories(path, make);
    REQUIRE(deep.get() >= 0);
    const base::UniqueFd file(::openat(deep.get(), "f", O_WRONLY | O_CREAT, 0600));
    REQUIRE(::write(file.get(), "deep", 4) == 4);
    REQUIRE(::symlinkat("/../../f2", deep.get(), "up") == 0);
  }
  for (const auto mode : both_modes) {
    const RootedDir root = RootedDir::open(scratch.path().string(), mode);
    CHECK(content(root.open_file(path + "f")) == "deep");
    CHECK(!root.open_directory(path + "up"));
    CHECK(!root.open_directory(path + "missing"));
    std::string back = path;
    for (int i = 0; i < 40; ++i) back += "../";
    CHECK(same(root.open_directory(back), scratch.path().string()));
  }
}

TEST_CASE("a root that is no directory is refused by name") {
  const Site site;
  REQUIRE_THROWS_AS(RootedDir::open(site.root() + "/top"), base::Error);
  REQUIRE_THROWS_AS(RootedDir::open(site.root() + "/missing"), base::Error);
}
