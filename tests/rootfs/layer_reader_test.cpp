#include "rootfs/layer_reader.hpp"

#include <functional>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/tar_builder.hpp"

namespace {

struct Read {
  base::Entry entry;
  std::string data;
};

std::vector<Read> read(const std::string& tar) {
  base::MemorySource bytes(tar);
  rootfs::LayerReader reader(bytes);
  std::vector<Read> found;
  for (base::Entry entry; reader.next(entry);) {
    found.push_back({entry, base::read_all(reader.data(), 100'000'000, "data")});
  }
  return found;
}

std::string refusal(const std::string& tar) {
  return message_of([&] { read(tar); });
}

TarBuilder::Attributes with_pax(std::vector<std::pair<std::string, std::string>> records) {
  return {.pax = std::move(records)};
}

/// Gives one byte at a time, then does what `at_end` says.
class Trickle : public base::ByteSource {
 public:
  Trickle(std::string bytes, std::function<void()> at_end)
      : bytes_(std::move(bytes)), at_end_(std::move(at_end)) {}
  size_t read(std::span<char> buffer) override {
    if (at_ == bytes_.size()) {
      at_end_();
      return 0;
    }
    buffer[0] = bytes_[at_++];
    return 1;
  }

 private:
  std::string bytes_;
  std::function<void()> at_end_;
  size_t at_ = 0;
};

}  // namespace

TEST_CASE("an entry has all its attributes") {
  const auto found =
      read(TarBuilder()
               .file("f", "data", {.mode = 04751, .uid = 12, .gid = 3000000, .mtime = 77})
               .dir("d/")
               .symlink("s", "../x")
               .hardlink("h", "f")
               .fifo("p")
               .char_device("c", 5, 1)
               .finish());
  REQUIRE(found.size() == 6);
  const base::Entry& file = found[0].entry;
  CHECK(file.kind == base::EntryKind::file);
  CHECK(file.mode == 04751);
  CHECK(file.uid == 12);
  CHECK(file.gid == 3000000);
  CHECK(file.mtime_seconds == 77);
  CHECK(file.size == 4);
  CHECK(found[0].data == "data");
  CHECK(found[1].entry.kind == base::EntryKind::directory);
  CHECK(found[2].entry.link == "../x");
  CHECK(found[3].entry.kind == base::EntryKind::hardlink);
  CHECK(found[3].entry.link == "f");
  CHECK(found[4].entry.kind == base::EntryKind::fifo);
  CHECK(found[5].entry.kind == base::EntryKind::char_device);
  CHECK(found[5].entry.device_major == 5);
  CHECK(found[5].entry.device_minor == 1);
}

TEST_CASE("names are raw bytes: not UTF-8, decomposed, long, declared binary") {
  const std::string decomposed = "e\xcc\x81";
  const std::string latin = "d\xe9";
  const std::string longest(3000, 'n');
  const auto found = read(TarBuilder()
                              .file("x", "", with_pax({{"path", decomposed}}))
                              .file("x", "", with_pax({{"path", latin}}))
                              .file("x", "", with_pax({{"hdrcharset", "BINARY"}, {"path", latin}}))
                              .file(latin, "")
                              .file(longest, "")
                              .file("x", "", with_pax({{"path", longest}}))
                              .entry('2', "x", "y", "", with_pax({{"linkpath", decomposed}}))
                              .entry('1', "x", "y", "", with_pax({{"linkpath", latin}}))
                              .symlink("x", longest)
                              .finish());
  REQUIRE(found.size() == 9);
  CHECK(found[0].entry.path == decomposed);
  CHECK(found[1].entry.path == latin);
  CHECK(found[2].entry.path == latin);
  CHECK(found[3].entry.path == latin);
  CHECK(found[4].entry.path == longest);
  CHECK(found[5].entry.path == longest);
  CHECK(found[6].entry.link == decomposed);
  CHECK(found[7].entry.link == latin);
  CHECK(found[8].entry.link == longest);
}

TEST_CASE("a link whose text is only in front of its header keeps it") {
  const std::string text = "t\xc3\xa4rget";
  const auto found = read(TarBuilder()
                              .file(text, "")
                              .entry('2', "pax-symlink", "", "", with_pax({{"linkpath", text}}))
                              .entry('1', "pax-hardlink", "", "", with_pax({{"linkpath", text}}))
                              .long_name('K', text)
                              .symlink("gnu-symlink", "")
                              .long_name('K', text)
                              .hardlink("gnu-hardlink", "")
                              .file("after", "")
                              .finish());
  REQUIRE(found.size() == 6);
  for (size_t i = 1; i < 5; ++i) {
    INFO(found[i].entry.path);
    CHECK(found[i].entry.kind ==
          (i % 2 == 1 ? base::EntryKind::symlink : base::EntryKind::hardlink));
    CHECK(found[i].entry.link == text);
  }
  CHECK(found[5].entry.link.empty());
}

TEST_CASE("a number behind a NUL of the one before is not nothing") {
  std::string header =
      TarBuilder().file("a", "", {.mode = 0751, .uid = 123456, .gid = 7, .mtime = 9}).unfinished();
  for (const size_t at : {100U, 108U, 116U, 124U, 136U}) header[at] = '\0';
  header[134] = '5';
  const std::string content = "hello" + std::string(507, '\0');
  const auto found = read(TarBuilder::with_new_sum(header) + content + TarBuilder().finish());
  REQUIRE(found.size() == 1);
  CHECK(found[0].entry.mode == 0751);
  CHECK(found[0].entry.uid == 123456);
  CHECK(found[0].entry.gid == 7);
  CHECK(found[0].entry.mtime_seconds == 9);
  CHECK(found[0].data == "hello");
}

TEST_CASE("pax numbers win over the header's, for one entry only") {
  const auto found =
      read(TarBuilder()
               .pax_header('x', {{"size", "5"}, {"uid", "4294967296"}, {"mtime", "-1.5"}})
               .bare_header('0', "a", 0)
               .raw(std::string("hello") + std::string(507, '\0'))
               .file("b", "x")
               .finish());
  REQUIRE(found.size() == 2);
  CHECK(found[0].data == "hello");
  CHECK(found[0].entry.uid == 4294967296);
  CHECK(found[1].entry.uid == 0);
  CHECK(found[1].entry.mtime_nanoseconds == 0);
}

TEST_CASE("a time between two seconds before 1970 is not off by one") {
  const auto time = [](const std::string& text) {
    const auto found = read(TarBuilder().file("a", "", with_pax({{"mtime", text}})).finish());
    REQUIRE(found.size() == 1);
    return std::pair(found[0].entry.mtime_seconds, found[0].entry.mtime_nanoseconds);
  };
  CHECK(time("-1.5") == std::pair(int64_t{-2}, 500'000'000U));
  CHECK(time("-0.000000001") == std::pair(int64_t{-1}, 999'999'999U));
  CHECK(time("-86400.25") == std::pair(int64_t{-86401}, 750'000'000U));
  CHECK(time("-7") == std::pair(int64_t{-7}, 0U));
  CHECK(time("-7.000") == std::pair(int64_t{-7}, 0U));
  CHECK(time("7.25") == std::pair(int64_t{7}, 250'000'000U));
}

TEST_CASE("a global pax header is no file and names nothing") {
  const auto found = read(
      TarBuilder().pax_header('g', {{"comment", "x"}, {"path", "zzz"}}).file("a", "").finish());
  REQUIRE(found.size() == 1);
  CHECK(found[0].entry.path == "a");
}

TEST_CASE("a GNU sparse file has its real size and zeros in the holes") {
  const auto found = read(TarBuilder()
                              .file("GNUSparseFile.0/a", "hello",
                                    with_pax({{"GNU.sparse.size", "1000000"},
                                              {"GNU.sparse.numblocks", "1"},
                                              {"GNU.sparse.name", "real"},
                                              {"GNU.sparse.map", "500000,5"}}))
                              .file("next", "n")
                              .finish());
  REQUIRE(found.size() == 2);
  std::string expected(1'000'000, '\0');
  expected.replace(500'000, 5, "hello");
  CHECK(found[0].entry.path == "real");
  CHECK(found[0].data == expected);
  CHECK(found[1].data == "n");
}

TEST_CASE("a sparse map beyond the file's size is refused") {
  CHECK(refusal(TarBuilder()
                    .file("a", "hello",
                          with_pax({{"GNU.sparse.size", "100"},
                                    {"GNU.sparse.numblocks", "1"},
                                    {"GNU.sparse.name", "real"},
                                    {"GNU.sparse.map", "500000,5"}}))
                    .finish()) != "");
}

TEST_CASE("no bytes, zeros and missing end markers are ends") {
  CHECK(read("").empty());
  CHECK(read(std::string(1024, '\0')).empty());
  CHECK(read(std::string(10240, '\0')).empty());
  const std::string open_end = TarBuilder().file("a", "x").unfinished();
  CHECK(read(open_end).size() == 1);
  CHECK(read(open_end + std::string(512, '\0')).size() == 1);
  CHECK(read(open_end + std::string(10240, '\0')).size() == 1);
}

// umoci insert ends its layers so, as does whoever forgets to close Go's writer; docker, containerd
// and podman take them.
TEST_CASE("the last file is not lost with the zeros that fill its record up") {
  for (const size_t size :
       {size_t{1}, size_t{511}, size_t{513}, size_t{130'561}, size_t{131'071}}) {
    const std::string content(size, 'x');
    const std::string filled = TarBuilder().file("a", content).unfinished();
    for (const size_t missing : {filled.size() - 512 - size, size_t{1}}) {
      const auto found = read(filled.substr(0, filled.size() - missing));
      REQUIRE(found.size() == 1);
      CHECK(found[0].data == content);
    }
  }
  const std::string sparse = TarBuilder()
                                 .file("GNUSparseFile.0/a", "hello",
                                       with_pax({{"GNU.sparse.size", "10"},
                                                 {"GNU.sparse.numblocks", "1"},
                                                 {"GNU.sparse.name", "real"},
                                                 {"GNU.sparse.map", "5,5"}}))
                                 .unfinished();
  CHECK(read(sparse.substr(0, sparse.size() - 507))[0].data == std::string(5, '\0') + "hello");
}

TEST_CASE("what follows the end marker is ignored") {
  CHECK(read(TarBuilder().file("a", "x").finish() + "junk").size() == 1);
  CHECK(read(TarBuilder().file("a", "x").zeros(1024).file("b", "y").finish()).size() == 1);
}

TEST_CASE("half an end marker does not silently drop the rest") {
  CHECK(contains(refusal(TarBuilder().file("a", "x").zeros(512).file("b", "y").finish()),
                 "half an end marker"));
  // The same across the border of the reader's blocks.
  for (size_t size = 120 * 1024; size < 132 * 1024; size += 512) {
    CHECK(
        refusal(TarBuilder().file("a", std::string(size, 'x')).zeros(512).file("b", "").finish()) !=
        "");
  }
}

TEST_CASE("a truncated layer is an error at every length") {
  const std::string whole = TarBuilder().file("a", std::string(700, 'a')).file("b", "x").finish();
  const size_t content_end = whole.size() - 1024 - 511;
  for (size_t length = 1; length < content_end; ++length) {
    const bool is_between_entries = length >= 512 + 700 && length <= 512 + 1024;
    if ((refusal(whole.substr(0, length)) != "") == is_between_entries) {
      FAIL("wrong for the first " << length << " bytes");
    }
  }
}

TEST_CASE("what is no tar is quoted") {
  CHECK(contains(refusal("<html><body>502 Bad gateway"), "begins with \"<html><body>502 Bad"));
  CHECK(contains(refusal("PK\3\4" + std::string(5000, 'z')), "begins with \"PK\\x03\\x04zzz"));
  CHECK(contains(refusal("\x1f\x8b" + std::string(600, 'z')), "not a tar archive"));
}

TEST_CASE("damaged headers are errors, not skipped entries") {
  std::string damaged = TarBuilder().file("a", "x").file("b", "y").finish();
  damaged[1024 + 5] = 'Q';
  CHECK(contains(refusal(damaged), "corrupt"));
  for (const char* body : {"99 path=b\n", "10 pathxbbb\n", "xx path=b\n", "9 path=bcX8 foo=b\n"}) {
    CHECK(refusal(TarBuilder().pax_body('x', body).file("a", "x").finish()) != "");
  }
  CHECK(refusal(TarBuilder().bare_header('0', "x", uint64_t(-5)).file("b", "").finish()) != "");
  CHECK(refusal(TarBuilder().file("c", "x", {.uid = -1}).finish()) != "");
}

TEST_CASE("a header that claims gigabytes is refused before memory is taken for it") {
  CHECK(refusal(TarBuilder().bare_header('x', "x", uint64_t{5} << 30).file("b", "").finish()) !=
        "");
  CHECK(refusal(TarBuilder().bare_header('L', "x", uint64_t{5} << 30).file("b", "").finish()) !=
        "");
}

TEST_CASE("a link with a size has no data behind it") {
  const auto found =
      read(TarBuilder().file("a", "x").bare_header('1', "l", 5, "a").file("b", "y").finish());
  REQUIRE(found.size() == 3);
  CHECK(found[2].data == "y");
}

TEST_CASE("data that is not read is skipped") {
  base::MemorySource bytes(
      TarBuilder().file("a", std::string(500'000, 'a')).file("b", "y").finish());
  rootfs::LayerReader reader(bytes);
  base::Entry entry;
  REQUIRE(reader.next(entry));
  REQUIRE(reader.next(entry));
  CHECK(base::read_all(reader.data(), 10, "data") == "y");
  CHECK(!reader.next(entry));
  CHECK(!reader.next(entry));
}

TEST_CASE("a failing stream fails the layer with its own error") {
  class NetworkError : public base::Error {
    using Error::Error;
  };
  const std::string part = TarBuilder().file("a", std::string(1000, 'a')).unfinished();
  for (const size_t length : {size_t{0}, size_t{300}, size_t{900}, part.size()}) {
    Trickle cut(part.substr(0, length), [] { throw NetworkError("cut"); });
    rootfs::LayerReader reader(cut);
    const auto run = [&] {
      for (base::Entry entry; reader.next(entry);) base::drain(reader.data());
    };
    REQUIRE_THROWS_AS(run(), NetworkError);
    Trickle stopped(part.substr(0, length), [] { throw base::Cancelled(15); });
    rootfs::LayerReader other(stopped);
    const auto run_other = [&] {
      for (base::Entry entry; other.next(entry);) base::drain(other.data());
    };
    REQUIRE_THROWS_AS(run_other(), base::Cancelled);
  }
}

TEST_CASE("a stream in small pieces reads the same") {
  const std::string data(300'000, 'd');
  Trickle slow(TarBuilder().file("a", data).file("b", "y").finish(), [] {});
  rootfs::LayerReader reader(slow);
  base::Entry entry;
  REQUIRE(reader.next(entry));
  CHECK(base::read_all(reader.data(), 1'000'000, "data") == data);
  REQUIRE(reader.next(entry));
  CHECK(entry.path == "b");
}
