#include <functional>

#include "base/error.hpp"
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
