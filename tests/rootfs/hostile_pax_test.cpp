
#include "rootfs/block_reader.hpp"
#include "rootfs/layer_reader.hpp"
#include "rootfs/support/everywhere.hpp"
#include "support/catch.hpp"
#include "support/tar_builder.hpp"

namespace {

using Records = std::vector<std::pair<std::string, std::string>>;

std::string with(const Records& records) {
  return TarBuilder()
      .file("f", "abc", {.uid = 3, .gid = 4, .mtime = 5, .pax = records})
      .file("next", "n")
      .finish();
}

/// The first entry, and what it takes to read all.
base::Entry first_entry(const std::string& tar) {
  base::MemorySource bytes(tar);
  rootfs::LayerReader reader(bytes);
  base::Entry first;
  REQUIRE(reader.next(first));
  for (base::Entry entry; reader.next(entry);) base::drain(reader.data());
  return first;
}

/// What is handed to the library.
std::string handed_out(const std::string& tar) {
  base::MemorySource bytes(tar);
  rootfs::BlockReader reader(bytes);
  std::string all;
  for (auto block = reader.next(); !block.empty(); block = reader.next()) {
    all.append(block.data(), block.size());
  }
  return all;
}

std::string access_list(size_t size) {
  std::string list = "user::rwx,group::r-x";
  for (int uid = 10'000; list.size() < size; ++uid) list += ",user:" + std::to_string(uid) + ":r--";
  return list;
}

}  // namespace

TEST_CASE("a long access list does not cost hours that no signal ends") {
  // Libarchive takes time with the square of its length. It must not see the list, wherever it
  // lies in the blocks it is read in.
  for (const char* key : {"SCHILY.acl.access", "SCHILY.acl.default", "SCHILY.acl.ace"}) {
    for (const size_t before : {size_t{0}, size_t{129'000}, size_t{130'048}, size_t{130'560}}) {
      for (const size_t size : {size_t{50}, size_t{2'000}, size_t{300'000}}) {
        const std::string tar =
            TarBuilder()
                .file("before", std::string(before, 'b'))
                .file("f", "x", {.pax = {{key, access_list(size)}, {"path", "named"}}})
                .file("after", "y")
                .finish();
        const std::string seen = handed_out(tar);
        REQUIRE(seen.size() == tar.size());
        REQUIRE(seen.find("SCHILY.acl") == std::string::npos);
      }
    }
  }
}

TEST_CASE("access lists as bsdtar, star and GNU tar write them do not stop an image") {
  const Records lists = {{"SCHILY.acl.access", "user::rw-,user:1000:r--,group::r--,other::r--"},
                         {"SCHILY.acl.default", "not a list"},
                         {"SCHILY.acl.access", access_list(900'000)}};
  require_tree({with(lists)}, {"f file abc", "next file n"});
}

TEST_CASE("a file has no other name or size than the programs saw that looked at the layer") {
  const Records alone = {
      {"GNU.sparse.name", "other"},     {"GNU.sparse.realsize", "10"}, {"GNU.sparse.size", "10"},
      {"GNU.sparse.map", "0,3"},        {"GNU.sparse.major", "1"},     {"GNU.sparse.minor", "0"},
      {"GNU.sparse.numblocks", "1"},    {"GNU.sparse.offset", "0"},    {"GNU.sparse.numbytes", "3"},
      {"GNU.sparse.no-such-key", "10"}, {"SCHILY.realsize", "10"},     {"SCHILY.realsize", "1"},
      {"SUN.holesdata", " 0 1 3"}};
  for (const auto& record : alone) {
    INFO(record.first);
    require_refusal({with({record})}, {"\"f\" has the pax record \"" + record.first + "\""});
  }
}

TEST_CASE("a sparse file whose records some readers do not take for one is refused") {
  const std::vector<Records> odd = {
      // Of form 1.0, but for one record.
      {{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.realsize", "10"}},
      {{"GNU.sparse.major", "1"},
       {"GNU.sparse.minor", "1"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.realsize", "10"}},
      {{"GNU.sparse.major", "1"},
       {"GNU.sparse.minor", "0"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.realsize", "10x"}},
      {{"GNU.sparse.major", "1"},
       {"GNU.sparse.minor", "0"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.size", "12"},
       {"GNU.sparse.realsize", "10"}},
      // Of form 0.1.
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.numblocks", "2"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.map", "0,3"}},
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.numblocks", "1"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.map", "0,3x"}},
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.numblocks", "1"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.map", ",3"}},
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.numblocks", "1"},
       {"GNU.sparse.name", "s"},
       {"GNU.sparse.map", "0,1"},
       {"GNU.sparse.map", "1,2"}},
      // Of form 0.0.
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.offset", "0"},
       {"GNU.sparse.numblocks", "1"},
       {"GNU.sparse.numbytes", "3"}},
      {{"GNU.sparse.size", "10"}, {"GNU.sparse.numblocks", "0"}},
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.numblocks", "1"},
       {"GNU.sparse.numbytes", "3"},
       {"GNU.sparse.offset", "0"}},
      {{"GNU.sparse.size", "10"},
       {"GNU.sparse.numblocks", "1"},
       {"GNU.sparse.offset", "0"},
       {"GNU.sparse.numbytes", "3x"}},
  };
  for (const Records& records : odd) {
    INFO(records.size() << " records, the last one " << records.back().second);
    require_refusal({with(records)}, {"\" has the pax record \"GNU.sparse."});
  }
  const Records good = {{"GNU.sparse.size", "5"},
                        {"GNU.sparse.numblocks", "1"},
                        {"GNU.sparse.offset", "2"},
                        {"GNU.sparse.numbytes", "3"}};
  require_tree({with(good)}, {"f file \\x00\\x00abc", "next file n"});
  for (const char type : {'1', '5', '7', '\0'}) {
    require_refusal({TarBuilder().file("a", "x").entry(type, "f", "a", "", {.pax = good}).finish()},
                    {"\"f\"", "sparse"});
  }
}

TEST_CASE("half a number is not taken for a number") {
  for (const char* key : {"uid", "gid", "size", "mtime", "atime", "ctime"}) {
    for (const char* value : {"12x", "x", " 1", "+1", "1e3", "0x1", "--1", "-", ".5", "1.5x", "1 ",
                              "99999999999999999999"}) {
      INFO(key << "=" << value);
      require_refusal({with({{key, value}})},
                      {"\"f\" has a damaged " + std::string(key) + " \"" + value + "\""});
    }
  }
  require_refusal({with({{"uid", "-1"}})}, {"damaged uid \"-1\""});
  require_refusal({with({{"gid", "1.5"}})}, {"damaged gid \"1.5\""});
}

TEST_CASE("a number that is taken back is the one of the entry's own header, not 0") {
  for (const Records& before : {Records{}, Records{{"uid", "7"},
                                                   {"gid", "8"},
                                                   {"size", "1"},
                                                   {"mtime", "-9.5"},
                                                   {"atime", "1"},
                                                   {"ctime", "1"}}}) {
    Records records = before;
    for (const char* key : {"uid", "gid", "size", "mtime", "atime", "ctime"}) {
      records.emplace_back(key, "");
    }
    const base::Entry entry = first_entry(with(records));
    CHECK(entry.uid == 3);
    CHECK(entry.gid == 4);
    CHECK(entry.size == 3);
    CHECK(entry.mtime_seconds == 5);
    CHECK(entry.mtime_nanoseconds == 0);
  }
  CHECK(first_entry(with({{"uid", ""}, {"uid", "7"}})).uid == 7);
  CHECK(first_entry(with({{"uid", "6"}, {"uid", "7"}})).uid == 7);
  require_tree({with({{"path", "other"}, {"path", ""}})}, {"f file abc", "next file n"});
}
