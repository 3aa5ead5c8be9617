#include "rootfs/tar_writer.hpp"

#include "base/error.hpp"
#include "base/tar_record.hpp"
#include "rootfs/layer_reader.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::string_literals;

namespace {

base::Entry file(std::string path, uint64_t size = 0) {
  base::Entry entry;
  entry.path = std::move(path);
  entry.mode = 0644;
  entry.size = size;
  return entry;
}

/// What a reader makes of one entry that stands between two others.
base::Entry through_archive(const base::Entry& entry, const std::string& data = "") {
  base::StringSink archive;
  rootfs::TarWriter writer(archive);
  base::MemorySource bytes(data);
  writer.add(file("before"));
  if (entry.kind == base::EntryKind::file) {
    writer.add(entry, bytes);
  } else {
    writer.add(entry);
  }
  writer.add(file("after"));
  writer.finish();
  std::string text = archive.take();
  CHECK(text.size() % base::tar_record_size == 0);

  base::MemorySource tar(std::move(text));
  rootfs::LayerReader reader(tar);
  base::Entry found, other;
  REQUIRE(reader.next(other));
  REQUIRE(reader.next(found));
  CHECK(base::read_all(reader.data(), 1'000'000, "data") == data);
  REQUIRE(reader.next(other));
  CHECK(other.path == "after");
  CHECK(other.mtime_seconds == 0);
  CHECK(other.xattrs.empty());
  CHECK_FALSE(reader.next(other));
  return found;
}

std::string path_through_archive(const std::string& path) {
  return through_archive(file(path)).path;
}

std::string without_end(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

TEST_CASE("a name of any length and of any bytes is not cut or changed") {
  for (const size_t length : {1U, 99U, 100U, 101U, 155U, 156U, 255U, 256U, 257U, 300U, 5000U}) {
    CHECK(path_through_archive(std::string(length, 'n')) == std::string(length, 'n'));
    std::string deep;
    while (deep.size() < length) deep += "d/";
    deep.resize(length);
    if (deep.back() == '/') deep.back() = 'e';
    CHECK(path_through_archive(deep) == deep);
    base::Entry directory = file(deep);
    directory.kind = base::EntryKind::directory;
    CHECK(without_end(through_archive(directory).path) == deep);
  }
  for (const std::string& odd : {"caf\xe9"s, "new\nline"s, "é=ü"s, "trailing "s, "\\"s}) {
    CHECK(path_through_archive(odd) == odd);
    const std::string longer = std::string(200, 'x') + odd;
    CHECK(path_through_archive(longer) == longer);
  }
}

TEST_CASE("links keep what they point at") {
  for (const size_t length : {1U, 100U, 101U, 4000U}) {
    base::Entry link = file("link");
    link.link = std::string(length, 't');
    link.kind = base::EntryKind::symlink;
    CHECK(through_archive(link).link == link.link);
    link.kind = base::EntryKind::hardlink;
    const base::Entry found = through_archive(link);
    CHECK(found.kind == base::EntryKind::hardlink);
    CHECK(found.link == link.link);
  }
}

TEST_CASE("numbers that do not fit into octal digits are not cut") {
  base::Entry entry = file("f");
  for (const uint64_t id : {0U, 2'097'151U, 2'097'152U, 4'294'967'294U}) {
    entry.uid = id;
    entry.gid = id / 2;
    const base::Entry found = through_archive(entry);
    CHECK(found.uid == id);
    CHECK(found.gid == id / 2);
  }
  entry.mode = 07777;
  CHECK(through_archive(entry).mode == 07777);
}

TEST_CASE("times before 1970, after 2242 and between two seconds are kept") {
  for (const int64_t seconds : {int64_t{0}, int64_t{-1}, int64_t{-2'000'000'000},
                                int64_t{8'589'934'591}, int64_t{8'589'934'592}}) {
    for (const uint32_t nanoseconds : {0U, 1U, 500'000'000U, 999'999'999U}) {
      if (seconds < 0 && nanoseconds > 0) continue;  // The reader counts these the wrong way.
      base::Entry entry = file("f");
      entry.mtime_seconds = seconds;
      entry.mtime_nanoseconds = nanoseconds;
      const base::Entry found = through_archive(entry);
      INFO(seconds << " " << nanoseconds);
      CHECK(found.mtime_seconds == seconds);
      CHECK(found.mtime_nanoseconds == nanoseconds);
    }
  }
}

TEST_CASE("a time between two seconds before 1970 is written as the decimal it is") {
  base::Entry entry = file("f");
  entry.mtime_seconds = -2;
  entry.mtime_nanoseconds = 500'000'000;
  CHECK(contains(rootfs::tar_header(entry), " mtime=-1.500000000\n"));
  entry.mtime_seconds = -1;
  entry.mtime_nanoseconds = 999'999'999;
  CHECK(contains(rootfs::tar_header(entry), " mtime=-0.000000001\n"));
}

TEST_CASE("extended attributes keep every byte of their values") {
  base::Entry entry = file("f", 3);
  entry.xattrs = {{"security.capability", "\1\0\n=\xff"s},
                  {"user.empty", ""},
                  {"user.long", std::string(60'000, 'v')}};
  // Values around the lengths at which the digits of a record's length become more.
  for (size_t size = 60; size < 120; ++size) {
    entry.xattrs.push_back({"user.n" + std::to_string(size), std::string(size, 'x')});
  }
  const base::Entry found = through_archive(entry, "abc");
  REQUIRE(found.xattrs.size() == entry.xattrs.size());
  for (const base::Xattr& wanted : entry.xattrs) {
    bool same = false;
    for (const base::Xattr& one : found.xattrs) {
      same = same || (one.name == wanted.name && one.value == wanted.value);
    }
    INFO(wanted.name);
    CHECK(same);
  }
}

TEST_CASE("an extended attribute does not get another name on its way through an archive") {
  for (const std::string name : {"user.a=b", "user.50%", "user.%3D", "user.%25", "user.%253D",
                                 "user.%=%%25=%3", "user.%%3D"}) {
    base::Entry entry = file("f");
    entry.xattrs = {{name, "v=%3D"}};
    const base::Entry found = through_archive(entry);
    REQUIRE(found.xattrs.size() == 1);
    CHECK(found.xattrs[0].name == name);
    CHECK(found.xattrs[0].value == "v=%3D");
  }
}

TEST_CASE("a header is as long for a huge file as for an empty one") {
  for (const uint64_t size :
       {uint64_t{0}, uint64_t{8'589'934'591}, uint64_t{8'589'934'592}, uint64_t{1} << 50U}) {
    const std::string header = rootfs::tar_header(file("layer", size));
    CHECK(header.size() == base::tar_record_size);
    base::MemorySource tar(header);
    rootfs::LayerReader reader(tar);
    base::Entry found;
    REQUIRE(reader.next(found));
    CHECK(found.size == size);
  }
}

TEST_CASE("devices and pipes come back as what they are") {
  base::Entry entry = file("special");
  entry.kind = base::EntryKind::fifo;
  CHECK(through_archive(entry).kind == base::EntryKind::fifo);
  entry.kind = base::EntryKind::block_device;
  entry.device_major = 8;
  entry.device_minor = 17;
  const base::Entry found = through_archive(entry);
  CHECK(found.kind == base::EntryKind::block_device);
  CHECK(found.device_major == 8);
  CHECK(found.device_minor == 17);
}

TEST_CASE("what would break an archive is an error") {
  base::StringSink archive;
  rootfs::TarWriter writer(archive);
  base::Entry socket = file("s");
  socket.kind = base::EntryKind::socket;
  CHECK(contains(message_of([&] { writer.add(socket); }), "\"s\" is a socket"));
  base::MemorySource data("four");
  CHECK(message_of([&] { writer.add(file("f", 5), data); }) == "\"f\" has 4 bytes, not 5");
}
