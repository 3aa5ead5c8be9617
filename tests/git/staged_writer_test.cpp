#include "git/staged_writer.hpp"

#include <unistd.h>

#include <filesystem>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

using git::StagedWriter;

namespace {

/// Makes the system refuse to close the file at `path`, which is open: it is closed already.
void close_behind_its_back(const std::filesystem::path& path) {
  for (const auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(fd, gone) == path) {
      REQUIRE(::close(std::stoi(fd.path().filename())) == 0);
      return;
    }
  }
}

}  // namespace

TEST_CASE("a file with a hole at its end has its size") {
  const ScratchDir scratch;
  StagedWriter file(scratch / "f", 100'000);
  file.write(std::string(100'000, '\0'));
  file.finish();
  CHECK(std::filesystem::file_size(scratch / "f") == 100'000);
}

TEST_CASE("a file that was not finished is removed") {
  const ScratchDir scratch;
  { StagedWriter(scratch / "f", 3).write("abc"); }
  CHECK(!std::filesystem::exists(scratch / "f"));
}

TEST_CASE("a file that cannot be closed is not taken for a whole one") {
  const ScratchDir scratch;
  {
    StagedWriter file(scratch / "f", 3);
    file.write("abc");
    close_behind_its_back(scratch / "f");
    REQUIRE_THROWS_AS(file.finish(), base::Error);
  }
  CHECK(!std::filesystem::exists(scratch / "f"));
}
