#include "rootfs/manifest.hpp"

#include <random>

#include "base/error.hpp"
#include "rootfs/manifest_recorder.hpp"
#include "support/catch.hpp"
#include "support/colliding_names.hpp"
#include "support/message_of.hpp"

using base::EntryKind;
using rootfs::ManifestEntry;

namespace {

const std::string signature = "#mtree v2.0\n";
const std::string root = ". type=dir mode=0755 uid=0 gid=0 time=1.000000000\n";
const std::string file_words = " type=file mode=0644 uid=0 gid=0 time=1.000000000 size=3";

std::vector<ManifestEntry> read(const std::string& text) {
  base::MemorySource source(text);
  rootfs::ManifestReader reader(source);
  std::vector<ManifestEntry> entries;
  ManifestEntry entry;
  while (reader.next(entry)) entries.push_back(entry);
  return entries;
}

std::string write(const std::vector<ManifestEntry>& entries) {
  base::StringSink sink;
  rootfs::ManifestWriter writer(sink);
  for (const ManifestEntry& entry : entries) writer.add(entry);
  writer.finish();
  return sink.take();
}

ManifestEntry entry_of(std::string path, EntryKind kind) {
  ManifestEntry what;
  what.entry.path = std::move(path);
  what.entry.kind = kind;
  what.entry.mode = 0755;
  return what;
}

bool is_refused(const std::string& text) {
  try {
    read(text);
    return false;
  } catch (const base::Error&) {
    return true;
  }
}

}  // namespace

TEST_CASE("nothing an entry can have is lost in a manifest") {
  std::vector<ManifestEntry> entries = {entry_of("", EntryKind::directory)};
  ManifestEntry file = entry_of(std::string("a b\n\t\\#=\xff\x01") + "%", EntryKind::file);
  file.entry.mode = 07777;
  file.entry.uid = 0xfffffffd;
  file.entry.gid = 1;
  file.entry.size = 1ULL << 40U;
  file.entry.mtime_seconds = -5;
  file.entry.mtime_nanoseconds = 999'999'999;
  file.contents = std::string(64, 'a');
  file.entry.xattrs = {{"security.capability", std::string("\0\1\2", 3)}, {"user.x y=", ""}};
  entries.push_back(file);
  ManifestEntry again = file;
  again.entry.path = "b";
  again.hardlink = file.entry.path;
  again.contents.clear();
  entries.push_back(again);
  ManifestEntry device = entry_of("dev", EntryKind::block_device);
  device.entry.device_major = 4095;
  device.entry.device_minor = 1048575;
  entries.push_back(device);
  ManifestEntry link = entry_of("link", EntryKind::symlink);
  link.entry.link = "/to there\n";
  entries.push_back(link);
  const std::string text = write(entries);
  const auto back = read(text);
  REQUIRE(back.size() == entries.size());
  CHECK(write(back) == text);
  CHECK(back[1].entry.path == file.entry.path);
  CHECK(back[1].entry.mtime_seconds == -5);
  CHECK(back[1].entry.mtime_nanoseconds == 999'999'999);
  CHECK(back[1].entry.size == file.entry.size);
  CHECK(back[1].entry.uid == 0xfffffffd);
  CHECK(back[1].contents == file.contents);
  REQUIRE(back[1].entry.xattrs.size() == 2);
  CHECK(back[1].entry.xattrs[0].value == std::string("\0\1\2", 3));
  CHECK(back[1].entry.xattrs[1].name == "user.x y=");
  CHECK(back[2].hardlink == file.entry.path);
  CHECK(back[3].entry.device_minor == 1048575);
  CHECK(back[4].entry.link == "/to there\n");
}

TEST_CASE("an error does not send anybody to another line") {
  const auto message = [](const std::string& text) { return message_of([&] { read(text); }); };
  CHECK(message("#mtree v1\n").starts_with("line 1: "));
  CHECK(message(signature + ". type=dir\n").starts_with("line 2: "));
  CHECK(message(signature + root + "./a type=file\n").starts_with("line 3: "));
}

TEST_CASE("a line of a manifest is printable, whatever the name") {
  const std::string text = write({entry_of("\x1b[31m\n", EntryKind::fifo)});
  CHECK(text == signature + "./\\033[31m\\012 type=fifo mode=0755 uid=0 gid=0 time=0.000000000\n");
}

TEST_CASE("a path that leads out, or stands in no directory, is refused") {
  for (const std::string path : {"./../x", "./a/../../x", "/etc/x", "x", "./", "./a//b", "./a/",
                                 "./.", "../x", "./no/x", "./file/x"}) {
    CHECK(is_refused(signature + root + "./file" + file_words + "\n" + path + file_words + "\n"));
  }
}

TEST_CASE("a path that is spelled in another way than the one is refused") {
  const std::string start = signature + root + "./a";
  CHECK(read(start + "\\0408" + file_words + "\n").back().entry.path == "a 8");
  // The last ones would be cut short, lead out, or stand for what a second line has.
  for (const std::string escape :
       {"\\", "\\4", "\\40", "\\08", "\\0:0", "\\0/0", "\\009", "\\400", "\\\\\\", "\\000",
        "\\057b", "/\\056\\056", "\\141", "\t", "="}) {
    CHECK(is_refused(start + escape + file_words + "\n"));
  }
}

TEST_CASE("an entry that stands twice or out of order is refused") {
  const std::string a = "./a" + file_words + "\n";
  const std::string b = "./b" + file_words + "\n";
  CHECK(read(signature + root + a + b).size() == 3);
  CHECK(is_refused(signature + root + b + a));
  CHECK(is_refused(signature + root + a + a));
  CHECK(is_refused(signature + root + root));
  CHECK(is_refused(signature + a));
}

TEST_CASE("children follow their directory, not its longer names") {
  const std::string dir = " type=dir mode=0755 uid=0 gid=0 time=1.000000000\n";
  CHECK(read(signature + root + "./a" + dir + "./a/x" + file_words + "\n./a-b" + file_words + "\n")
            .size() == 4);
  CHECK(is_refused(signature + root + "./a" + dir + "./a-b" + file_words + "\n./a/x" + file_words +
                   "\n"));
}

TEST_CASE("a hard link to what does not stand before it is refused") {
  const std::string line = "./b" + file_words + " hardlink=";
  CHECK(read(signature + root + "./a" + file_words + "\n" + line + "./a\n").size() == 3);
  for (const std::string target : {"./c", "./b", ".", "./../a", "a", ""}) {
    CHECK(is_refused(signature + root + "./a" + file_words + "\n" + line + target + "\n"));
  }
}

TEST_CASE("words that are missing, unknown, twice, or of no value are refused") {
  const std::string start = signature + root + "./a";
  CHECK_FALSE(is_refused(start + file_words + "\n"));
  for (const std::string words :
       {" type=file", " type=what mode=0644 uid=0 gid=0 time=1.000000000 size=3",
        " type=file mode=99 uid=0 gid=0 time=1.000000000 size=3",
        " type=file mode=10000 uid=0 gid=0 time=1.000000000 size=3",
        " type=file mode=0644 uid=4294967295 gid=0 time=1.000000000 size=3",
        " type=file mode=0644 uid=00 gid=0 time=1.000000000 size=3",
        " type=file mode=0644 uid=0 gid=4294967295 time=1.000000000 size=3",
        " type=file mode=0644 uid=-1 gid=0 time=1.000000000 size=3",
        " type=file mode=0644 uid=0 gid=0 time=1.5 size=3",
        " type=file mode=0644 uid=0 gid=0 time=1.-00000001 size=3",
        " type=file mode=0644 uid=0 gid=0 time=1.000000000 size=-3",
        " type=file mode=0644 uid=0 gid=0 time=1.000000000 size=9223372036854775808",
        " type=link mode=0777 uid=0 gid=0 time=1.000000000",
        " type=char mode=0644 uid=0 gid=0 time=1.000000000 device=1,3",
        " type=char mode=0644 uid=0 gid=0 time=1.000000000 device=other,1,3",
        " type=char mode=0644 uid=0 gid=0 time=1.000000000 device=native,1,4294967296"}) {
    CHECK(is_refused(start + words + "\n"));
  }
  for (const std::string more :
       {" size=3", " new=1", " contents=blobs/../x", " contents=blobs/abc",
        " lfs=", " xattr.user.a", " xattr.=", " xattr.user.a=!", " xattr.user.a=YR==",
        " xattr.b=YQ== xattr.a=YQ==", " xattr.a=YQ== xattr.a=YQ==", " ", "  xattr.a=YQ=="}) {
    CHECK(is_refused(start + file_words + more + "\n"));
  }
}

TEST_CASE("whoever reads what a later version has written is told to update") {
  const std::string line = signature + root + "./a" + file_words;
  for (const std::string& text :
       {line + " new=1\n", "#mtree v3.0\n" + root, signature + root + "./a kind=file\n",
        signature + root + "./a type=whiteout mode=0644 uid=0 gid=0 time=0.000000000\n"}) {
    CHECK(message_of([&] { read(text); }).ends_with("must be updated"));
  }
}

TEST_CASE("a manifest that is cut off or none at all is refused") {
  const std::string text = signature + root + "./a" + file_words + "\n";
  for (size_t length = 0; length < text.size(); ++length) {
    const std::string part = text.substr(0, length);
    CHECK((is_refused(part) || read(part).size() < 2));
  }
  CHECK(is_refused("#mtree\n" + root));
}

TEST_CASE("a line that no reader takes is not written") {
  ManifestEntry file = entry_of("a", EntryKind::file);
  for (int i = 100; i < 148; ++i) {
    file.entry.xattrs.push_back({"user." + std::to_string(i), std::string(65'000, 'x')});
  }
  const auto entries = read(write({entry_of("", EntryKind::directory), file}));
  REQUIRE(entries.size() == 2);
  CHECK(entries[1].entry.xattrs == file.entry.xattrs);
  file.entry.xattrs.push_back({"user.148", std::string(65'000, 'x')});
  CHECK(message_of([&] {
          write({entry_of("", EntryKind::directory), file});
        }).starts_with("\"a\""));
}

TEST_CASE("random damage never does more than be refused") {
  ManifestEntry file = entry_of("a\\b", EntryKind::file);
  file.entry.xattrs = {{"user.x", "value"}};
  const std::string good =
      write({entry_of("", EntryKind::directory), entry_of("a", EntryKind::directory),
             entry_of("a/l", EntryKind::symlink), file});
  std::mt19937 random(1);
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (is_refused(text)) ++refused;
  }
  CHECK(refused > 10'000);
}

TEST_CASE("files of many names that are made for it do not keep a get busy for hours") {
  constexpr size_t count = 100'000;
  base::StringSink sink;
  rootfs::ManifestRecorder recorder(sink);
  base::Entry entry = entry_of("", EntryKind::file).entry;
  entry.has_other_names = true;
  for (const std::string& name : colliding_names("the/dir/", count)) {
    entry.path = "the/dir/" + name;
    recorder.add(entry);
  }
  recorder.finish();
  CHECK(sink.take().size() > count * 16);
}

TEST_CASE("a further name is recorded as what its first one is") {
  base::StringSink sink;
  rootfs::ManifestRecorder recorder(sink);
  base::Entry entry = entry_of("", EntryKind::directory).entry;
  recorder.add(entry);
  entry = entry_of("a", EntryKind::symlink).entry;
  entry.link = "x";
  entry.has_other_names = true;
  recorder.add(entry);
  entry.path = "b";
  entry.kind = EntryKind::hardlink;
  entry.link = "a";
  recorder.add(entry);
  recorder.finish();
  const auto back = read(sink.take());
  REQUIRE(back.size() == 3);
  CHECK(back[2].entry.kind == EntryKind::symlink);
  CHECK(back[2].entry.link == "x");
  CHECK(back[2].hardlink == "a");
}
