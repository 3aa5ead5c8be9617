#include <fcntl.h>

#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "oci/file_set.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"
#include "support/tar_builder.hpp"

namespace {

/// An archive in a file of its own.
class Archive {
 public:
  explicit Archive(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    files_ = oci::files_of_tar(base::UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)));
  }

  const oci::FileSet& files() const { return *files_; }
  std::string read(const std::string& path) const {
    return oci::read_document(*files_, path, 1 << 20).value_or("(nothing)");
  }
  std::string refusal(const std::string& path) const {
    return message_of([&] { files_->find(path); });
  }

 private:
  ScratchDir directory_;
  std::string path_ = (directory_ / "x.tar").string();
  std::unique_ptr<oci::FileSet> files_;
};

std::string refusal_of(const std::string& bytes) {
  return message_of([&] { Archive archive(bytes); });
}

/// The checksum of the header at `at` made right again, after a test has changed it.
std::string with_right_sum(std::string bytes, size_t at = 0) {
  bytes.replace(at + 148, 8, 8, ' ');
  unsigned sum = 0;
  for (const char c : bytes.substr(at, 512)) sum += static_cast<unsigned char>(c);
  std::string digits = "000000";
  for (size_t i = 6; i-- > 0; sum /= 8) digits[i] = static_cast<char>('0' + sum % 8);
  return bytes.replace(at + 148, 8, digits + '\0' + ' ');
}

/// An archive with one file whose field for the size holds `field`.
std::string with_size_field(const std::string& field) {
  std::string bytes = TarBuilder().file("a", "").finish();
  return with_right_sum(bytes.replace(124, 12, field));
}

}  // namespace

TEST_CASE("files are found under every way to write their names", "[tar_files]") {
  const std::string deep = std::string(90, 'd') + "/" + std::string(200, 'f');
  const Archive archive(TarBuilder()
                            .dir("a/")
                            .file("a/b", "one")
                            .file("./c", "")
                            .file(deep, "two")
                            .file("short", "three", {.pax = {{"path", "p/long"}, {"comment", "x"}}})
                            .finish());
  CHECK(archive.read("a/b") == "one");
  CHECK(archive.read("./a//b") == "one");
  CHECK(archive.read("c").empty());
  CHECK(archive.read(deep) == "two");
  CHECK(archive.read("p/long") == "three");
  CHECK(archive.read("short") == "(nothing)");
  CHECK(archive.read("b") == "(nothing)");
  CHECK(contains(archive.refusal("a"), "is not a regular file"));
}

TEST_CASE("a name is put together from both parts of a ustar header", "[tar_files]") {
  std::string bytes = TarBuilder().file("name", "x").finish();
  bytes.replace(345, 6, "prefix");
  const Archive archive(with_right_sum(bytes));
  CHECK(archive.read("prefix/name") == "x");
}

TEST_CASE("a global header and a size in a pax header are obeyed", "[tar_files]") {
  TarBuilder tar;
  tar.pax_header('g', {{"comment", "a commit"}});
  tar.pax_header('x', {{"size", "3"}});
  tar.bare_header('0', "a", 0).raw("abc").zeros(509).file("b", "B");
  const Archive archive(tar.finish());
  CHECK(archive.read("a") == "abc");
  CHECK(archive.read("b") == "B");
}

TEST_CASE("links lead to files of the archive and nowhere else", "[tar_files]") {
  const Archive archive(TarBuilder()
                            .symlink("two/layer.tar", "../one/layer.tar")
                            .hardlink("three/layer.tar", "./two/layer.tar")
                            .file("one/layer.tar", "layer")
                            .symlink("out", "../../etc/passwd")
                            .symlink("absolute", "/one/layer.tar")
                            .hardlink("hard-out", "../x")
                            .symlink("nowhere", "missing")
                            .symlink("a", "b")
                            .symlink("b", "a")
                            .hardlink("self", "self")
                            .finish());
  CHECK(archive.read("two/layer.tar") == "layer");
  CHECK(archive.read("three/layer.tar") == "layer");
  for (const char* name : {"out", "absolute", "hard-out", "../one/layer.tar"}) {
    INFO(name);
    CHECK(contains(archive.refusal(name), "leads out of the archive"));
  }
  CHECK(contains(archive.refusal("nowhere"), "link to missing, which is not there"));
  CHECK(contains(archive.refusal("a"), "loop of links"));
  CHECK(contains(archive.refusal("self"), "loop of links"));
}

TEST_CASE("a name that leads out is no other file's name", "[tar_files]") {
  const Archive archive(TarBuilder()
                            .file("../index.json", "hostile")
                            .file("a/../../index.json", "hostile")
                            .file("index.json", "right")
                            .finish());
  CHECK(archive.read("index.json") == "right");
}

TEST_CASE("of two files with one name neither is taken", "[tar_files]") {
  const Archive archive(
      TarBuilder().file("a", "1").file("./a", "2").dir("d").dir("d").file("b", "3").finish());
  CHECK(contains(archive.refusal("a"), "more than once"));
  CHECK(archive.read("b") == "3");
}

TEST_CASE("a layer that an image needs twice may be there twice", "[tar_files]") {
  const std::string layer(100'000, 'l');
  const std::string other = std::string(99'999, 'l') + "x";
  const Archive archive(TarBuilder()
                            .file("same", layer)
                            .file("./same", layer)
                            .file("same", layer)
                            .file("empty", "")
                            .file("empty", "")
                            .file("other", layer)
                            .file("other", layer)
                            .file("other", other)
                            .file("longer", "1")
                            .file("longer", "11")
                            .symlink("link", "same")
                            .file("link", layer)
                            .finish());
  CHECK(archive.read("same") == layer);
  CHECK(archive.read("empty").empty());
  for (const char* name : {"other", "longer", "link"}) {
    INFO(name);
    CHECK(contains(archive.refusal(name), "more than once"));
  }
}

TEST_CASE("several readers of one archive do not disturb each other", "[tar_files]") {
  const Archive archive(TarBuilder().file("a", "12345").file("b", "67890").finish());
  const auto a = archive.files().find("a");
  const auto again = archive.files().find("a");
  const auto b = archive.files().find("b");
  std::string seen;
  for (int i = 0; i < 5; ++i) {
    for (const auto* file : {&a, &b, &again}) {
      char byte = 0;
      REQUIRE((*file)->data->read({&byte, 1}) == 1);
      seen += byte;
    }
  }
  CHECK(seen == "161272383494505");
}

TEST_CASE("an archive cut short anywhere is refused", "[tar_files]") {
  const std::string whole =
      TarBuilder().file("a", std::string(600, 'a')).file(std::string(300, 'n'), "b").finish();
  const size_t end = whole.size() - 1024;
  for (size_t length = 0; length < end; length += 128) {
    INFO(length);
    CHECK(contains(refusal_of(whole.substr(0, length)),
                   length < 512 ? "is not a tar archive" : "cut short"));
  }
  CHECK(contains(refusal_of(whole.substr(0, end)), "cut short: it has no end marker"));
  CHECK(refusal_of(whole.substr(0, end + 512)).empty());
}

TEST_CASE("sizes that no file has are refused", "[tar_files]") {
  // Each of them but the last would end behind 2^63 or 2^64, or before the header.
  for (const std::string& field :
       {"\x80" + std::string(3, '\0') + std::string(8, '\xff'), std::string(12, '\xff'),
        "\x80" + std::string(3, '\0') + "\x7f" + std::string(7, '\xff'),
        "\x80" + std::string(2, '\0') + "\x01" + std::string(8, '\0'), std::string(12, '7'),
        std::string("-0000000001\0", 12), std::string("00000000008\0", 12)}) {
    const std::string said = refusal_of(with_size_field(field));
    INFO(base::printable(field));
    CHECK((contains(said, "damaged size") || contains(said, "cut short")));
  }
  for (const char* size : {"9223372036854775808", "99999999999999999999", "-1", "1e3"}) {
    INFO(size);
    const std::string said =
        refusal_of(TarBuilder().file("a", "", {.pax = {{"size", size}}}).finish());
    CHECK(contains(said, "damaged size"));
  }
  CHECK(contains(
      refusal_of(TarBuilder().file("a", "", {.pax = {{"size", "9223372036854775807"}}}).finish()),
      "cut short"));
}

TEST_CASE("damaged headers are refused", "[tar_files]") {
  const std::string good = TarBuilder().file("a", "x").file("b", "y").finish();
  std::string bad = good;
  bad[0] = 'z';
  CHECK(contains(refusal_of(bad), "is not a tar archive"));
  bad = good;
  bad[1024] = 'z';
  CHECK(contains(refusal_of(bad), "damaged header at byte 1024"));
  for (const char* body : {"x", "0 path=a\n", "6 a=\n", "999 path=a\n", "10 path=ab", " 9 path=a\n",
                           "10 pathxa\n", "18446744073709551617 path=a\n", "4 =\n5"}) {
    INFO(body);
    CHECK(contains(refusal_of(TarBuilder().pax_body('x', body).file("a", "").finish()),
                   "damaged pax header"));
  }
}

TEST_CASE("headers and lists that would fill the memory are refused", "[tar_files]") {
  CHECK(contains(refusal_of(TarBuilder().bare_header('x', "x", 1 << 30).zeros(4096).finish()),
                 "longer than any tool"));
  CHECK(contains(refusal_of(TarBuilder().bare_header('L', "x", 1 << 30).zeros(4096).finish()),
                 "longer than any tool"));
  TarBuilder tar;
  for (int i = 0; i < 20; ++i) {
    tar.file("a", "", {.pax = {{"path", std::string(1'000'000, static_cast<char>('a' + i))}}});
  }
  CHECK(contains(refusal_of(tar.finish()), "more files than an image archive has"));
  const std::string one = TarBuilder().file("a", "").unfinished();
  std::string many;
  for (int i = 0; i < 100'001; ++i) many += one;
  CHECK(contains(refusal_of(many + std::string(1024, '\0')), "more files than"));
}

TEST_CASE("sparse files are refused, because their content is not what lies there", "[tar_files]") {
  CHECK(contains(refusal_of(TarBuilder().bare_header('S', "a", 0).finish()), "--sparse"));
  CHECK(contains(
      refusal_of(TarBuilder().file("a", "x", {.pax = {{"GNU.sparse.major", "1"}}}).finish()),
      "--sparse"));
}

TEST_CASE("a file that shrinks while it is read is an error", "[tar_files]") {
  const ScratchDir directory;
  const std::string path = (directory / "x.tar").string();
  std::ofstream(path, std::ios::binary) << TarBuilder().file("a", std::string(600, 'a')).finish();
  const auto files = oci::files_of_tar(base::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
  std::filesystem::resize_file(path, 700);
  CHECK(contains(message_of([&] { oci::read_document(*files, "a", 1000); }), "ends too early"));
}

TEST_CASE("a document larger than its limit is not read", "[tar_files]") {
  const Archive archive(TarBuilder().file("manifest.json", std::string(5000, ' ')).finish());
  CHECK(contains(message_of([&] { oci::read_document(archive.files(), "manifest.json", 4999); }),
                 "manifest.json has 5.0 kB, more than the limit of 5.0 kB"));
}

TEST_CASE("files of a directory are found, links do not lead out", "[directory_files]") {
  const ScratchDir directory;
  std::filesystem::create_directories(directory / "a/b");
  std::ofstream(directory / "a/b/c") << "text";
  std::ofstream(directory / "outside") << "secret";
  std::filesystem::create_symlink("b", directory / "a/inside");
  std::filesystem::create_symlink("b/c", directory / "a/link");
  std::filesystem::create_symlink("..", directory / "a/up");
  const auto files = oci::files_of_directory((directory / "a").string());
  CHECK(oci::read_document(*files, "b/c", 10) == "text");
  CHECK(oci::read_document(*files, "inside/c", 10) == "text");
  CHECK_FALSE(files->find("b/x"));
  CHECK_FALSE(files->find("x/y/z"));
  CHECK_FALSE(files->find("up/outside"));
  CHECK_FALSE(files->find("../outside"));
  CHECK(contains(message_of([&] { files->find("link"); }), "symbolic link"));
  CHECK(contains(message_of([&] { files->find("b"); }), "not a regular file"));
}
