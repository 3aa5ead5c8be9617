#include "lfs/local_store.hpp"

#include <filesystem>

#include "base/hash.hpp"
#include "base/stream.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

const std::string content = "a large file";

lfs::Upload upload_of_content() {
  return {{base::sha256_hex(content), content.size(), "opt/x"},
          [] { return std::make_unique<base::MemorySource>(content); }};
}

}  // namespace

TEST_CASE("a mistake in the path of a local repository makes no folders") {
  const ScratchDir scratch;
  const auto store = lfs::open_local_store(scratch / "typo/lfs/objects");
  CHECK_THROWS_AS(store->upload({upload_of_content()}), base::Error);
  CHECK_FALSE(std::filesystem::exists(scratch / "typo"));
}

TEST_CASE("what an upload calls there can be downloaded, even where a link was") {
  const ScratchDir scratch;
  const lfs::Upload upload = upload_of_content();
  const std::string& oid = upload.object.oid;
  const auto store = lfs::open_local_store(scratch / "lfs/objects");
  CHECK(store->upload({upload}) == content.size());
  CHECK(store->upload({upload}) == 0);

  const std::string path =
      scratch / ("lfs/objects/" + oid.substr(0, 2) + "/" + oid.substr(2, 2) + "/" + oid);
  std::filesystem::rename(path, scratch / "elsewhere");
  std::filesystem::create_symlink(scratch / "elsewhere", path);
  CHECK(store->upload({upload}) == content.size());
  std::string received;
  store->download({upload.object}, [&](const lfs::Object&, base::ByteSource& bytes) {
    received = base::read_all(bytes, 100, "it");
  });
  CHECK(received == content);
}
