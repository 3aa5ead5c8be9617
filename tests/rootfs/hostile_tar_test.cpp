#include "rootfs/support/everywhere.hpp"
#include "support/catch.hpp"
#include "support/tar_builder.hpp"

namespace {

using Records = std::vector<std::pair<std::string, std::string>>;

/// The first header of `tar` with its sum counted over signed bytes, as old programs did.
std::string with_signed_sum(std::string tar) {
  tar.replace(148, 8, 8, ' ');
  int sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<signed char>(tar[i]);
  return TarBuilder::with_sum(std::move(tar), static_cast<unsigned>(sum));
}

std::string sparse(const Records& map, const std::string& content) {
  Records records = {{"GNU.sparse.major", "1"},
                     {"GNU.sparse.minor", "0"},
                     {"GNU.sparse.name", "s"},
                     {"GNU.sparse.realsize", "20"}};
  for (const auto& record : map) records.push_back(record);
  return TarBuilder().file("x", content, {.pax = records}).file("next", "n").finish();
}

std::string padded_map(std::string text) {
  return text + std::string(512 - text.size(), '\0');
}

std::string octal(unsigned number) {
  std::string digits(12, '0');
  for (size_t at = 11; at-- > 0; number /= 8) digits[at] = static_cast<char>('0' + number % 8);
  digits[11] = '\0';
  return digits;
}

/// The header of a file with one piece of `size` bytes behind a hole, in GNU's old form; there may
/// be `more` bytes in further pieces, each behind a hole of its size.
std::string gnu_sparse(unsigned size, char has_more, unsigned more = 0) {
  std::string header = TarBuilder().bare_header('S', "s", size + more).unfinished();
  header.replace(257, 8, "ustar  ", 8);
  header.replace(386, 24, octal(13) + octal(size));
  header[482] = has_more;
  header.replace(483, 12, octal(13 + size + 2 * more));
  return TarBuilder::with_new_sum(header);
}

/// What follows it for a further piece.
std::string gnu_sparse_piece(unsigned offset, unsigned size, char has_more) {
  std::string map = octal(offset) + octal(size) + std::string(488, '\0');
  map[504] = has_more;
  return map;
}

}  // namespace

TEST_CASE("an entry of a kind nobody knows is an error, not a file or nothing") {
  for (const char type : {'V', 'M', 'D', 'N', 'A', 'Z', 's', '8', '\x7f'}) {
    require_refusal({TarBuilder().entry(type, "odd", "", "", {}).file("a", "x").finish()},
                    {"\"odd\" is of the unknown type"});
  }
}

TEST_CASE("the size in a pax header says where the next entry begins") {
  // Whoever goes by the other size takes the content for headers.
  const std::string inner = TarBuilder().file("smuggled", "evil").unfinished();
  require_tree({TarBuilder()
                    .pax_header('x', {{"size", std::to_string(inner.size())}})
                    .bare_header('0', "outer", 0)
                    .raw(inner)
                    .file("after", "x")
                    .finish()},
               {"after file x", "outer file " + std::string([&] {
                                  std::string shown;
                                  for (const char c : inner) {
                                    shown += c == '\0' ? "\\x00" : std::string(1, c);
                                  }
                                  return shown;
                                }())});
  require_refusal({TarBuilder().file("a", "x", {.pax = {{"size", "-1"}}}).finish()},
                  {"damaged size"});
  require_refusal(
      {TarBuilder().file("a", "x", {.pax = {{"size", "99999999999999999999"}}}).finish()},
      {"damaged size"});
}

TEST_CASE("a header of gigabytes is refused before memory is taken for it") {
  for (const char type : {'x', 'g', 'L', 'K'}) {
    for (const uint64_t size : {(uint64_t{1} << 20) + 1, uint64_t{1} << 30, uint64_t{1} << 62}) {
      require_refusal({TarBuilder().bare_header(type, "x", size).file("a", "").finish()},
                      {"more than any program writes"});
    }
  }
}

TEST_CASE("a damaged pax header is an error, not skipped") {
  for (const char* body : {"99 path=b\n", "10 pathxbbb\n", "xx path=b\n", "9 path=bcX8 foo=b\n",
                           "8 path=b", "0 a=b\n", "5 =b\n", "-6 a=b\n", "6a=bcd\n", "6  =bc"}) {
    require_refusal({TarBuilder().pax_body('x', body).file("a", "x").finish()}, {"pax header"});
  }
}

TEST_CASE("a global header says nothing of the entries and is none") {
  require_tree({TarBuilder()
                    .pax_header('g', {{"path", "zzz"}, {"linkpath", "y"}, {"uid", "7"}})
                    .file("a", "x")
                    .symlink("l", "t")
                    .finish()},
               {"a file x", "l -> t"});
}

TEST_CASE("half an end marker does not silently drop the rest, wherever it stands") {
  for (const size_t size : {size_t{1}, size_t{130'048}, size_t{130'560}, size_t{131'072}}) {
    require_refusal(
        {TarBuilder().file("a", std::string(size, 'x')).zeros(512).file("b", "y").finish()},
        {"half an end marker"});
  }
}

TEST_CASE("checksums of old programs are taken, wrong ones are not") {
  const std::string good = TarBuilder().file("\xe4\xf6", "x").finish();
  require_tree({with_signed_sum(good)}, {"\\xe4\\xf6 file x"});
  std::string wrong = TarBuilder().file("a", "x").file("b", "y").finish();
  wrong[1024] = 'c';
  require_refusal({wrong}, {"corrupt", "\"a\""});
}

TEST_CASE("a sparse file is as large as it says, with zeros between") {
  std::string zeros;
  for (int i = 0; i < 13; ++i) zeros += "\\x00";
  require_tree({sparse({}, padded_map("1\n13\n7\n") + "content")},
               {"next file n", "s file " + zeros + "content"});
  require_tree({gnu_sparse(7, 0) + "content" + std::string(505, '\0') +
                TarBuilder().file("next", "n").finish()},
               {"next file n", "s file " + zeros + "content"});
  require_tree({gnu_sparse(3, 1, 4) + gnu_sparse_piece(18, 2, 1) + gnu_sparse_piece(22, 2, 0) +
                "content" + std::string(505, '\0') + TarBuilder().file("next", "n").finish()},
               {"next file n", "s file " + zeros + "con\\x00\\x00te\\x00\\x00nt"});
}

TEST_CASE("a sparse file whose map does not fit, or fills the memory, is refused") {
  require_refusal({sparse({}, padded_map("1\n15\n7\n") + "content")}, {});
  require_refusal({sparse({}, padded_map("100000000\n0\n1\n") + "content")}, {"sparse"});
  require_refusal({sparse({}, padded_map("x\n0\n1\n") + "content")}, {"sparse"});
  // GNU's old form: each header says that another one follows.
  std::string endless = gnu_sparse(0, 1);
  std::string more(512, '\0');
  for (size_t i = 0; i < 21; ++i) more.replace(i * 24, 24, "0000000000000000000000000", 24);
  more[504] = 1;
  for (int i = 0; i < 60'000; ++i) endless += more;
  require_refusal({endless}, {"sparse"});
}

TEST_CASE("a name of a megabyte does not fill the log") {
  std::string deep;
  while (deep.size() < 900'000) deep += "directory/";
  const std::string wide(900'000, 'w');
  // See require_refusal.
  for (const std::string& name : {deep, wide, "../" + deep, deep + std::string(1, '\0')}) {
    require_refusal({TarBuilder().file("a", "x", {.pax = {{"path", name}}}).finish()}, {});
    require_refusal({TarBuilder().entry('1', "a", "", "", {.pax = {{"linkpath", name}}}).finish()},
                    {});
    require_refusal({TarBuilder().file("a", "x", {.pax = {{"path", name}}}).unfinished() +
                     std::string(512, 'Q')},
                    {});
  }
}

TEST_CASE("attributes of gigabytes do not fit into a header") {
  const std::string large(900'000, 'v');
  for (const auto& [way, refusal, lines] : unpack_everywhere(
           {TarBuilder().file("a", "x", {.pax = {{"SCHILY.xattr.user.large", large}}}).finish()})) {
    INFO(way);
    CHECK(refusal == "");
    CHECK(lines == std::vector<std::string>{"a file x"});
  }
}

TEST_CASE("an entry that is whole before the damage leaves nothing either") {
  const std::string good = TarBuilder().file("a", std::string(300'000, 'a')).unfinished();
  require_refusal({good, good + std::string(512, 'Q')}, {"damaged header"});
  require_refusal({good + TarBuilder().bare_header('0', "cut", 5000).unfinished()},
                  {"Truncated", "\"cut\""});
}

TEST_CASE("a file's content is not taken for the next entries, or for the end") {
  const auto sparse_file = [](const char* name, const std::string& map,
                              const std::string& content) {
    return TarBuilder()
        .file("f", content,
              {.pax = {{"GNU.sparse.size", "1024"},
                       {"GNU.sparse.numblocks", "1"},
                       {"GNU.sparse.name", name},
                       {"GNU.sparse.map", map}}})
        .file("next", "n")
        .finish();
  };
  const std::string inner = TarBuilder().file("smuggled", "evil").unfinished();
  const std::string unaligned = "x" + inner + std::string(511, '\0');
  require_refusal({sparse_file("f", "0,1", unaligned)}, {"\"f\""});
  require_refusal({sparse_file("f", "0,512", std::string(2048, '\0'))}, {"\"f\""});
  require_refusal({sparse_file("f", "0,512", inner + std::string(2048, '\0'))}, {"\"f\""});
  require_refusal({sparse_file("d/", "0,1024", inner)}, {"\"d/\"", "name of a directory"});
  for (const char type : {'0', '7', '\0'}) {
    require_refusal({TarBuilder().entry(type, "d/", "", inner, {}).file("next", "n").finish()},
                    {"\"d/\"", "name of a directory"});
  }
}

TEST_CASE("a size in a field of sparse files makes no other file longer") {
  std::string header = TarBuilder().bare_header('0', "f", 3).unfinished();
  header.replace(257, 8, "ustar  ", 8);
  header.replace(483, 12, "00000000012", 12);
  const std::string rest = "abc" + std::string(509, '\0') + TarBuilder().finish();
  require_refusal({TarBuilder::with_new_sum(header) + rest}, {"\"f\" is a sparse file"});
}

TEST_CASE("a layer with nothing but a global header is empty") {
  require_tree({TarBuilder().pax_header('g', {{"comment", "x"}}).finish()}, {});
}
