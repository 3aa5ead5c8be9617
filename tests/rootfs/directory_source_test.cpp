#include "rootfs/directory_source.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "rootfs/support/stage.hpp"

namespace fs = std::filesystem;

namespace {

std::vector<base::Entry> entries(const fs::path& path) {
  rootfs::DirectorySource source(path.string());
  std::vector<base::Entry> found;
  for (base::Entry entry; source.next(entry);) found.push_back(entry);
  return found;
}

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string read_at(const base::Entry& entry, uint64_t offset, size_t length) {
  std::string bytes(length, '\0');
  entry.content->read_at(offset, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a directory comes before what it holds, names in byte order") {
  ScratchDir scratch;
  for (const char* name : {"b/z", "b/a/x", "b.c", "b-c", "B", "\xff", "a"}) {
    write(scratch / name, "x");
  }
  std::vector<std::string> paths;
  for (const auto& entry : entries(scratch.path())) paths.push_back(entry.path);
  const std::vector<std::string> expected = {"",      "B",   "a",   "b",   "b/a",
                                             "b/a/x", "b/z", "b-c", "b.c", "\xff"};
  CHECK(paths == expected);
}

TEST_CASE("every kind of entry is told by what it is, links are not followed") {
  ScratchDir scratch;
  write(scratch / "f", "content");
  fs::create_symlink("/etc/passwd", scratch / "s");
  fs::create_symlink("/", scratch / "to_dir");
  REQUIRE(::mkfifo((scratch / "p").c_str(), 0640) == 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (scratch / "k").string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  const timespec times[2] = {{5, 0}, {6, 7}};
  REQUIRE(::utimensat(AT_FDCWD, (scratch / "f").c_str(), times, 0) == 0);
  REQUIRE(::chmod((scratch / "f").c_str(), 04751) == 0);
  REQUIRE(::chmod(scratch.path().c_str(), 0750) == 0);

  std::map<std::string, base::Entry> found;
  for (const auto& entry : entries(scratch.path())) found[entry.path] = entry;
  REQUIRE(found.size() == 6);
  CHECK(found.at("").kind == base::EntryKind::directory);
  CHECK(found.at("").mode == 0750);
  const base::Entry& file = found.at("f");
  CHECK(file.kind == base::EntryKind::file);
  CHECK(file.mode == 04751);
  CHECK(file.uid == ::geteuid());
  CHECK(file.size == 7);
  CHECK(file.mtime_seconds == 6);
  CHECK(file.mtime_nanoseconds == 7);
  CHECK(read_at(file, 3, 4) == "tent");
  CHECK(found.at("s").kind == base::EntryKind::symlink);
  CHECK(found.at("s").link == "/etc/passwd");
  CHECK(found.at("to_dir").kind == base::EntryKind::symlink);
  CHECK(found.at("p").kind == base::EntryKind::fifo);
  CHECK(found.at("k").kind == base::EntryKind::socket);
}

TEST_CASE("devices are told with their numbers") {
  if (::geteuid() != 0) return;
  ScratchDir scratch;
  if (::mknod((scratch / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) return;
  const auto found = entries(scratch.path());
  CHECK(found.at(1).kind == base::EntryKind::char_device);
  CHECK(found.at(1).device_major == 1);
  CHECK(found.at(1).device_minor == 3);
}

TEST_CASE("each name of a device or socket is one, whatever becomes of its other names") {
  ScratchDir scratch;
  REQUIRE(::mknod((scratch / "a").c_str(), S_IFSOCK | 0600, 0) == 0);
  fs::create_hard_link(scratch / "a", scratch / "b");
  const auto found = entries(scratch.path());
  REQUIRE(found.size() == 3);
  CHECK(found.at(2).kind == base::EntryKind::socket);
  CHECK(found.at(2).link.empty());
}

TEST_CASE("further names of a file are hard links to the first") {
  ScratchDir scratch;
  write(scratch / "a/1", "x");
  write(scratch / "b", "x");
  fs::create_hard_link(scratch / "a/1", scratch / "a/2");
  fs::create_hard_link(scratch / "a/1", scratch / "z");
  fs::create_symlink("t", scratch / "s1");
  fs::create_hard_link(scratch / "s1", scratch / "s2");
  std::map<std::string, std::string> links;
  for (const auto& entry : entries(scratch.path())) {
    if (entry.kind == base::EntryKind::hardlink) links[entry.path] = entry.link;
  }
  CHECK(links == std::map<std::string, std::string>{{"a/2", "a/1"}, {"z", "a/1"}, {"s2", "s1"}});
}

TEST_CASE("extended attributes of files, directories and the root are listed") {
  ScratchDir scratch;
  write(scratch / "d/f", "x");
  const std::string value(2000, 'v');
  if (::setxattr((scratch / "d/f").c_str(), "user.big", value.data(), value.size(), 0) != 0) return;
  REQUIRE(::setxattr((scratch / "d/f").c_str(), "user.a", "\0b", 2, 0) == 0);
  REQUIRE(::setxattr((scratch / "d").c_str(), "user.d", "", 0, 0) == 0);
  REQUIRE(::setxattr(scratch.path().c_str(), "user.r", "r", 1, 0) == 0);
  const auto found = entries(scratch.path());
  CHECK(found.at(0).xattrs.at(0).name == "user.r");
  CHECK(found.at(1).xattrs.at(0).name == "user.d");
  CHECK(found.at(1).xattrs.at(0).value.empty());
  REQUIRE(found.at(2).xattrs.size() == 2);
  CHECK(found.at(2).xattrs.at(0).value == std::string("\0b", 2));
  CHECK(found.at(2).xattrs.at(1).value == value);
}

TEST_CASE("content is there after the source has gone, from any thread") {
  ScratchDir scratch;
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i);
  write(scratch / "d/f", content);
  const auto found = entries(scratch.path());
  std::vector<std::thread> threads;
  std::vector<std::string> read(8);
  for (size_t i = 0; i < read.size(); ++i) {
    threads.emplace_back([&, i] { read[i] = read_at(found.at(2), i * 1000, 300'000); });
  }
  for (auto& thread : threads) thread.join();
  for (size_t i = 0; i < read.size(); ++i) CHECK(read[i] == content.substr(i * 1000, 300'000));
  REQUIRE_THROWS_AS(read_at(found.at(2), content.size(), 1), base::Error);
}

TEST_CASE("a file that changes between two reads is noticed") {
  const auto message_after = [](const std::function<void(const fs::path&)>& change) {
    ScratchDir scratch;
    write(scratch / "f", "content");
    const auto found = entries(scratch.path());
    CHECK(read_at(found.at(1), 0, 7) == "content");
    change(scratch / "f");
    try {
      read_at(found.at(1), 0, 7);
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(contains(message_after([](const fs::path& file) { write(file, "longer content"); }),
                 "changed while it was read"));
  CHECK(contains(message_after([](const fs::path& file) {
                   write(file, "CONTENT");
                   fs::last_write_time(file,
                                       fs::file_time_type::clock::now() + std::chrono::hours(1));
                 }),
                 "changed while it was read"));
  CHECK(message_after([](const fs::path& file) { fs::remove(file); }) != "");
  CHECK(message_after([](const fs::path& file) {
          fs::remove(file);
          fs::create_symlink("/etc/passwd", file);
        }) != "");
}

TEST_CASE("data() streams the file that next() gave, and notices a change") {
  ScratchDir scratch;
  const std::string content(700'000, 'c');
  write(scratch / "a", content);
  write(scratch / "b", "b");
  rootfs::DirectorySource source(scratch.path().string());
  base::Entry entry;
  REQUIRE(source.next(entry));
  REQUIRE(source.next(entry));
  CHECK(base::read_all(source.data(), 1'000'000, "a") == content);
  REQUIRE(source.next(entry));
  std::ofstream(scratch / "b", std::ios::app) << "more";
  REQUIRE_THROWS_AS(base::read_all(source.data(), 100, "b"), base::Error);
}

TEST_CASE("a tree deeper than PATH_MAX is read whole") {
  std::string path = "d";
  for (int i = 0; i < 30; ++i) path += "/" + std::string(200, 'n');
  Stage stage;
  stage.unpack({TarBuilder().file(path + "/f", "deep").file("e", "x").finish()});
  const auto found = entries(stage.root());
  REQUIRE(found.size() == 34);
  CHECK(found.at(32).path == path + "/f");
  CHECK(read_at(found.at(32), 0, 4) == "deep");
  CHECK(found.at(33).path == "e");
}

TEST_CASE("a file that may not be read is named") {
  if (::geteuid() == 0) return;
  ScratchDir scratch;
  write(scratch / "secret", "x");
  REQUIRE(::chmod((scratch / "secret").c_str(), 0) == 0);
  rootfs::DirectorySource source(scratch.path().string());
  base::Entry entry;
  REQUIRE(source.next(entry));
  REQUIRE(source.next(entry));
  std::string message;
  try {
    source.data();
  } catch (const base::Error& error) {
    message = error.what();
  }
  CHECK(contains(message, "\"secret\": Permission denied"));
}

TEST_CASE("what a tree was made from can be read back and made again") {
  Stage first;
  first.unpack({TarBuilder()
                    .dir("d", {.mode = 01777, .mtime = 5})
                    .file("d/f", "x", {.mode = 04755, .mtime = 6})
                    .hardlink("d/h", "d/f")
                    .symlink("d/l", "/etc")
                    .fifo("p")
                    .finish()});
  ScratchDir scratch;
  base::Log log(-1);
  rootfs::Tree tree(scratch / "again", log);
  rootfs::DirectorySource source(first.root().string());
  tree.apply(source);
  tree.finish();
  CHECK(differences(list_tree(first.root()), list_tree(scratch / "again")).empty());
}
