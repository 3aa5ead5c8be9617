#include "rootfs/completed_source.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"

using base::Entry;
using base::EntryKind;

namespace {

const std::string start =
    "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
    "./dev type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
    "./dev/null type=char mode=0666 uid=0 gid=0 time=1.000000000 device=native,1,3\n"
    "./ping type=file mode=0755 uid=0 gid=0 time=1.500000000 size=3 xattr.user.x=YQ==\n";

class Listed : public base::EntrySource {
 public:
  explicit Listed(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  bool next(Entry& entry) override {
    if (at_ == entries_.size()) return false;
    entry = entries_[at_++];
    return true;
  }
  base::ByteSource& data() override { return none_; }

 private:
  std::vector<Entry> entries_;
  size_t at_ = 0;
  base::MemorySource none_{""};
};

class Bytes : public base::Content {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    REQUIRE(bytes_.copy(buffer.data(), buffer.size(), offset) == buffer.size());
  }

 private:
  std::string bytes_;
};

Entry entry(std::string path, EntryKind kind) {
  Entry made;
  made.path = std::move(path);
  made.kind = kind;
  made.mode = 0755;
  made.mtime_seconds = 1;
  made.size = kind == EntryKind::file ? 3 : 0;
  return made;
}

Entry file(std::string path, const std::string& bytes) {
  Entry made = entry(std::move(path), EntryKind::file);
  made.size = bytes.size();
  made.content = std::make_shared<Bytes>(bytes);
  return made;
}

std::vector<Entry> completed(std::vector<Entry> found, const std::string& manifest = start) {
  Listed directory(std::move(found));
  base::MemorySource text(manifest);
  rootfs::ManifestReader reader(text);
  base::MemorySource links(manifest);
  rootfs::CompletedSource source(directory, reader, links);
  std::vector<Entry> entries;
  Entry next;
  while (source.next(next)) entries.push_back(next);
  return entries;
}

}  // namespace

TEST_CASE("devices and lost attributes of an unpacked image come back from its manifest") {
  const auto all = completed({entry("", EntryKind::directory), entry("dev", EntryKind::directory),
                              entry("ping", EntryKind::file)});
  REQUIRE(all.size() == 4);
  CHECK(all[2].path == "dev/null");
  CHECK(all[2].kind == EntryKind::char_device);
  CHECK(all[2].device_minor == 3);
  CHECK(all[3].mtime_nanoseconds == 500'000'000);
  REQUIRE(all[3].xattrs.size() == 1);
  CHECK(all[3].xattrs[0].value == "a");
}

TEST_CASE("what a task changed or removed since is not undone") {
  Entry changed = entry("ping", EntryKind::file);
  SECTION("longer") {
    changed.size = 4;
  }
  SECTION("touched") {
    changed.mtime_seconds = 2;
  }
  SECTION("other mode") {
    changed.mode = 0700;
  }
  SECTION("other owner") {
    changed.uid = 7;
  }
  const auto all = completed({entry("", EntryKind::directory), changed});
  REQUIRE(all.size() == 2);  // dev has gone, so its device has, too.
  CHECK(all[1].mtime_nanoseconds == 0);
  CHECK(all[1].xattrs.empty());
}

TEST_CASE("a time that the file system cannot hold does not become another one") {
  const auto published = [](int64_t listed, int64_t found) {
    Entry file = entry("ping", EntryKind::file);
    file.mtime_seconds = found;
    const std::string manifest =
        "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
        "./ping type=file mode=0755 uid=0 gid=0 time=" +
        std::to_string(listed) + ".500000000 size=3 xattr.user.x=YQ==\n";
    const Entry last = completed({entry("", EntryKind::directory), file}, manifest).back();
    CHECK((last.mtime_nanoseconds == 500'000'000) == (last.mtime_seconds == listed));
    CHECK(last.xattrs.size() == (last.mtime_seconds == listed ? 1 : 0));
    return last.mtime_seconds;
  };
  constexpr int64_t far = 99'999'999'999;
  for (const int64_t limit : {2'147'483'647L, 4'294'967'295L, 15'032'385'535L, 16'299'260'424L}) {
    CHECK(published(far, limit) == far);
    CHECK(published(limit + 1, limit) == limit + 1);
    CHECK(published(limit - 1, limit) == limit);
  }
  CHECK(published(-far, -2'147'483'648) == -far);
  // A task's own time.
  CHECK(published(far, 2'000'000'000) == 2'000'000'000);
  CHECK(published(-far, 0) == 0);
}

TEST_CASE("a file system with a coarser clock costs no nanoseconds") {
  const auto published = [](const std::string& listed, uint32_t found) {
    Entry file = entry("ping", EntryKind::file);
    file.mtime_nanoseconds = found;
    const std::string manifest =
        "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
        "./ping type=file mode=0755 uid=0 gid=0 time=1." +
        listed + " size=3\n";
    return completed({entry("", EntryKind::directory), file}, manifest).back().mtime_nanoseconds;
  };
  for (const uint32_t found : {0U, 120'000'000U, 123'456'000U, 123'456'700U, 123'456'789U}) {
    CHECK(published("123456789", found) == 123'456'789);
  }
  // A task's own time.
  for (const uint32_t found : {1U, 123'456'788U, 123'457'000U, 124'000'000U}) {
    CHECK(published("123456789", found) == found);
  }
  CHECK(published("000000000", 5) == 5);
}

TEST_CASE("a file in the place of a device, and new entries, are kept") {
  const auto all = completed({entry("", EntryKind::directory), entry("dev", EntryKind::directory),
                              entry("dev/null", EntryKind::file), entry("new", EntryKind::file),
                              entry("ping", EntryKind::file)});
  REQUIRE(all.size() == 5);
  CHECK(all[2].kind == EntryKind::file);
  CHECK(all[3].path == "new");
}

TEST_CASE("a manifest that cannot be read is named instead of being half used") {
  REQUIRE_THROWS_AS(completed({entry("", EntryKind::directory)}, start + "./x what\n"),
                    base::Error);
}

TEST_CASE("devices stay when a directory beside them was removed") {
  const std::string manifest =
      "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
      "./a type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
      "./a/gone type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
      "./a/gone/null type=char mode=0666 uid=0 gid=0 time=1.000000000 device=native,1,3\n"
      "./a/stays type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
      "./a/stays/null type=char mode=0666 uid=0 gid=0 time=1.000000000 device=native,1,3\n"
      "./a/zero type=char mode=0666 uid=0 gid=0 time=1.000000000 device=native,1,5 "
      "hardlink=./a/gone/null\n";
  const auto all = completed({entry("", EntryKind::directory), entry("a", EntryKind::directory),
                              entry("a/stays", EntryKind::directory)},
                             manifest);
  REQUIRE(all.size() == 5);
  CHECK(all[3].path == "a/stays/null");
  CHECK(all[4].path == "a/zero");
}

TEST_CASE("an attribute that a directory refused comes back beside one that it took") {
  const std::string manifest =
      "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n"
      "./ping type=file mode=0755 uid=0 gid=0 time=1.000000000 size=3 "
      "xattr.security.capability=YQ== xattr.user.a=YQ==\n";
  Entry ping = entry("ping", EntryKind::file);
  ping.xattrs = {{"user.a", "new"}};
  const auto all = completed({entry("", EntryKind::directory), ping}, manifest);
  REQUIRE(all.size() == 2);
  REQUIRE(all[1].xattrs.size() == 2);
  CHECK(all[1].xattrs[0].name == "security.capability");
  CHECK(all[1].xattrs[1].value == "new");
}

TEST_CASE("hard links that a volume lost come back, but never to what has become another file") {
  // What differs lies behind the bytes that are compared at once.
  const std::string bytes = std::string(600'000, 'x');
  const std::string line = " type=file mode=0755 uid=0 gid=0 time=1.000000000 size=600000";
  const std::string manifest =
      "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n./a" + line + "\n./b" +
      line + " hardlink=./a\n";
  Entry first = file("a", bytes);
  Entry second = file("b", bytes);
  std::string link;
  SECTION("same") {
    link = "a";
  }
  SECTION("other bytes at the end") {
    second = file("b", bytes.substr(1) + "y");
  }
  SECTION("first one longer") {
    first = file("a", bytes + "x");
  }
  SECTION("first one touched") {
    first.mtime_seconds = 2;
  }
  SECTION("second one touched") {
    second.mtime_seconds = 2;
  }
  SECTION("other attributes") {
    second.xattrs = {{"user.a", "new"}};
  }
  const auto all = completed({entry("", EntryKind::directory), first, second}, manifest);
  REQUIRE(all.size() == 3);
  CHECK(all[1].kind == EntryKind::file);
  CHECK(all[2].kind == (link.empty() ? EntryKind::file : EntryKind::hardlink));
  CHECK(all[2].link == link);
  if (!link.empty()) CHECK(all[1].has_other_names);
}

TEST_CASE("hard links without their first name are links of its copy again, all of them") {
  const std::string line = " type=file mode=0755 uid=0 gid=0 time=1.000000000 size=1";
  std::string manifest =
      "#mtree v2.0\n. type=dir mode=0755 uid=0 gid=0 time=1.000000000\n./a" + line + "\n";
  for (const char* name : {"b", "c"}) manifest += base::cat("./", name, line, " hardlink=./a\n");
  Entry second = file("b", "x");
  second.has_other_names = true;
  std::vector<Entry> found = {entry("", EntryKind::directory), file("a", "x"), second};
  for (const char* name : {"c", "new"}) {
    found.push_back(entry(name, EntryKind::hardlink));
    found.back().link = "b";
  }
  std::string link;
  SECTION("same") {
    link = "a";
  }
  SECTION("first one changed") {
    found[1].mtime_seconds = 2;
    link = "b";
  }
  const auto all = completed(found, manifest);
  REQUIRE(all.size() == 5);
  CHECK(all[1].kind == EntryKind::file);
  CHECK(all[2].kind == (link == "a" ? EntryKind::hardlink : EntryKind::file));
  for (const size_t i : {3U, 4U}) {
    CHECK(all[i].kind == EntryKind::hardlink);
    CHECK(all[i].link == link);
  }
}
