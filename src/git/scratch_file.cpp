#include "git/scratch_file.hpp"

#include <unistd.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace git {
namespace {

constexpr std::string_view name = "a temporary file";

std::string usual_directory() {
  const char* directory = std::getenv("TMPDIR");
  return directory == nullptr || *directory == '\0' ? "/tmp" : directory;
}

}  // namespace

ScratchFile::ScratchFile(const std::string& directory)
    : directory_(directory), fd_(base::open_unnamed_file(directory)) {}

ScratchFile::ScratchFile() : ScratchFile(usual_directory()) {}

uint64_t ScratchFile::append(std::string_view bytes) {
  const uint64_t start = reserve(bytes.size());
  base::write_all_at(fd_.get(), start, bytes, name);
  return start;
}

void ScratchFile::read(uint64_t offset, std::span<char> buffer) const {
  if (base::read_full_at(fd_.get(), offset, buffer, name) != buffer.size()) {
    throw base::Error("a temporary file is shorter than what was written to it");
  }
}

uint64_t ScratchFile::reserve(size_t size) {
  const std::lock_guard lock(mutex_);
  const uint64_t start = end_;
  end_ += size;
  return start;
}

}  // namespace git
