#include "base/file.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stop_token>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/handle.hpp"
#include "support/catch.hpp"
#include "support/child_test.hpp"
#include "support/forbidden_call.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace fs = std::filesystem;

namespace {

void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename());
  return names;
}

/// The error of read_small_file without the path in front.
std::string refusal(const fs::path& path, size_t limit = 1000) {
  std::string message = message_of([&] { base::read_small_file(path, limit); });
  const std::string front = "read " + path.string() + ": ";
  if (message.starts_with(front)) message.erase(0, front.size());
  return message;
}

}  // namespace

TEST_CASE("a file is read byte for byte up to the limit") {
  const ScratchDir dir;
  const std::string bytes("a\0\r\n\xff", 5);
  put(dir / "f", bytes);
  CHECK(base::read_small_file(dir / "f", 5) == bytes);
  CHECK(refusal(dir / "f", 4) == "is larger than 4 B");
  put(dir / "large", std::string(200'000, 'x'));
  CHECK(base::read_small_file(dir / "large", 200'000) == std::string(200'000, 'x'));
  CHECK(refusal(dir / "large", 199'999) == "is larger than 200 kB");
}

TEST_CASE("an absent file is not an empty one") {
  const ScratchDir dir;
  put(dir / "empty", "");
  CHECK(base::read_small_file(dir / "empty", 10) == std::string());
  CHECK_FALSE(base::read_small_file(dir / "absent", 10));
  CHECK_FALSE(base::read_small_file(dir / "empty/below", 10));
}

TEST_CASE("a link does not lead a read out of the artifact") {
  const ScratchDir dir;
  put(dir / "target", "outside");
  fs::create_symlink("target", dir / "link");
  fs::create_symlink("nowhere", dir / "dangling");
  CHECK(refusal(dir / "link") == "is a symbolic link, not a file");
  CHECK(refusal(dir / "dangling") == "is a symbolic link, not a file");
}

TEST_CASE("a FIFO, a directory or a device does not hang or fool a read") {
  const ScratchDir dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  fs::create_directory(dir / "sub");
  CHECK(refusal(dir / "fifo") == "is not a regular file");
  CHECK(refusal(dir / "sub") == "is not a regular file");
  CHECK(refusal("/dev/zero") == "is not a regular file");
}

TEST_CASE("an error shows a hostile path harmlessly") {
  const ScratchDir dir;
  fs::create_directory(dir / "\x1b[31m");
  CHECK(contains(refusal(dir / "\x1b[31m"), "/\\x1b[31m: is not a regular file"));
}

TEST_CASE("a written file is readable for all and leaves nothing beside it") {
  const ScratchDir dir;
  base::write_file(dir / "f", "first");
  base::write_file(dir / "f", std::string("sec\0nd", 6));
  CHECK(base::read_small_file(dir / "f", 100) == std::string("sec\0nd", 6));
  CHECK(names_in(dir.path()) == std::vector<std::string>{"f"});
  CHECK((fs::status(dir / "f").permissions() & fs::perms::mask) == fs::perms(0644));
}

TEST_CASE("a reader of the old file never sees half of the new one") {
  const ScratchDir dir;
  base::write_file(dir / "f", "old");
  std::ifstream before(dir / "f");
  base::write_file(dir / "f", "new");
  CHECK(std::string(std::istreambuf_iterator<char>(before), {}) == "old");
  CHECK(base::read_small_file(dir / "f", 100) == "new");
}

TEST_CASE("writing replaces a link instead of what it points at") {
  const ScratchDir dir;
  put(dir / "victim", "untouched");
  fs::create_symlink("victim", dir / "f");
  base::write_file(dir / "f", "mine");
  CHECK(base::read_small_file(dir / "victim", 100) == "untouched");
  CHECK(base::read_small_file(dir / "f", 100) == "mine");
}

TEST_CASE("a failed write leaves no temporary file") {
  const ScratchDir dir;
  fs::create_directories(dir / "f/full");
  CHECK(contains(message_of([&] { base::write_file(dir / "f", "x"); }), "write "));
  CHECK(names_in(dir.path()) == std::vector<std::string>{"f"});
  CHECK(message_of([&] { base::write_file(dir / "absent/f", "x"); }) ==
        "write " + (dir / "absent/f").string() + ": No such file or directory");
}

TEST_CASE("a file whose writing broke off has neither its name nor another") {
  const ScratchDir dir;
  base::write_file(dir / "f", "old");
  {
    base::OutputFile file(dir / "f");
    file.write("new");
  }
  CHECK(base::read_small_file(dir / "f", 100) == "old");
  CHECK(names_in(dir.path()) == std::vector<std::string>{"f"});
}

TEST_CASE("what a killed program has left of a file is found, and nobody's own files are not") {
  const ScratchDir scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    base::OutputFile(scratch / "image.tar").write("half");
    base::OutputFile other(scratch / "image.tar");
    other.write("half");
    ::_exit(0);
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  REQUIRE(names_in(scratch.path()).size() == 1);
  for (const char* name :
       {"image.tar.sha256", "image.tar.123456.partial2", "other.123456.partial"}) {
    put(scratch / name, "own");
  }
  base::remove_unfinished(scratch.path(), "image.tar");
  auto names = names_in(scratch.path());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"image.tar.123456.partial2", "image.tar.sha256",
                                          "other.123456.partial"});
}

TEST_CASE("what is patched later stands where it was left out") {
  const ScratchDir dir;
  base::OutputFile file(dir / "f");
  file.write("size=???");
  CHECK(file.size() == 8);
  file.write(";end");
  file.patch(5, "123");
  file.publish();
  CHECK(base::read_small_file(dir / "f", 100) == "size=123;end");
}

TEST_CASE("all bytes reach a descriptor, or an error names the target") {
  const ScratchDir dir;
  const base::UniqueFd fd(::open((dir / "f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(fd);
  const std::string bytes(300'000, 'x');
  base::write_all(fd.get(), bytes, "the file");
  CHECK(base::read_small_file(dir / "f", bytes.size()) == bytes);
  base::write_all(fd.get(), "", "the file");

  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  const base::UniqueFd broken(ends[1]);
  CHECK(message_of([&] { base::write_all(broken.get(), "x", "the answer"); }) ==
        "write the answer: Broken pipe");
}

TEST_CASE("a full pipe that does not block is waited for, until somebody asks to stop") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const base::UniqueFd reader(ends[0]);
  const base::UniqueFd writer(ends[1]);
  const std::string much(2'000'000, 'x');  // More than a pipe may hold.
  std::stop_source stop;
  stop.request_stop();
  const base::StopScope scope(stop.get_token());
  CHECK_THROWS_AS(base::write_all(writer.get(), much, "the answer"), base::Cancelled);
}

TEST_CASE("a temporary file leaves no name, also where a file system has no unnamed ones") {
  const ScratchDir scratch;
  /// What is wrong; 0 is nothing.
  const auto use = [&] {
    const base::UniqueFd file = base::open_unnamed_file(scratch / "");
    base::write_all(file.get(), "kept", "a temporary file");
    std::array<char, 4> back{};
    struct stat status {};
    if (base::read_full_at(file.get(), 0, back, "it") != 4 || back[3] != 't') return 1;
    if (::fstat(file.get(), &status) != 0 || (status.st_mode & 0777) != 0600) return 2;
    if ((::fcntl(file.get(), F_GETFD) & FD_CLOEXEC) == 0) return 3;
    return fs::is_empty(scratch / "") ? 0 : 4;
  };
  CHECK(use() == 0);
  if (!can_forbid()) {
    WARN("skipped: no system call can be forbidden here");
    return;
  }
  constexpr unsigned unnamed = O_TMPFILE & ~O_DIRECTORY;
  // The answer of NFS, and of overlays before Linux 6.1.
  CHECK(status_of([&] { return forbid_with(SYS_openat, unnamed, EOPNOTSUPP) ? use() : 5; }) == 0);
}

// The signal flag belongs to the process, so a child is the one that is stopped.
TEST_CASE("writes to somebody who does not read until it is stopped", "[.child]") {
  base::install_signal_handlers();
  const base::UniqueFd pipe(::open(ChildTest::told().c_str(), O_WRONLY | O_CLOEXEC));
  const std::string much(2'000'000, 'x');
  CHECK_THROWS_AS(base::write_all(pipe.get(), much, "the answer"), base::Cancelled);
}

TEST_CASE("a stop signal ends the wait for a pipe that nobody reads") {
  const ScratchDir dir;
  const std::string path = dir / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const base::UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(reader);
  const int size = ::fcntl(reader.get(), F_GETPIPE_SZ);
  ChildTest child("writes to somebody who does not read until it is stopped", path);
  for (int there = 0; there < size && !child.ended(); ::usleep(5000)) {
    REQUIRE(::ioctl(reader.get(), FIONREAD, &there) == 0);
  }
  child.stop();
  CHECK(child.passed());
}

TEST_CASE("a file moves to where nothing stands, and to nowhere else") {
  const ScratchDir scratch;
  const base::UniqueFd to(::open((scratch / "").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  put(scratch / "file", "moved");
  fs::create_symlink("nowhere", scratch / "link");
  fs::create_directory(scratch / "directory");
  /// What is wrong; 0 is nothing.
  const auto move = [&] {
    for (const char* taken : {"link", "directory", "file"}) {
      if (base::move_file(scratch / "file", to.get(), taken) != -1 || errno != EEXIST) return 1;
    }
    if (base::move_file(scratch / "file", to.get(), "new") != 0) return 2;
    if (fs::exists(scratch / "file")) return 3;
    return base::move_file(scratch / "file", to.get(), "newer") == -1 && errno == ENOENT ? 0 : 4;
  };
  SECTION("by a flag") {
    CHECK(move() == 0);
  }
  SECTION("where a file system knows no flags") {
    if (!can_forbid()) {
      WARN("skipped: no system call can be forbidden here");
      return;
    }
    CHECK(status_of([&] { return forbid(SYS_renameat2, EINVAL) ? move() : 5; }) == 0);
  }
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(fs::file_size(scratch / "new") == 5);
}
