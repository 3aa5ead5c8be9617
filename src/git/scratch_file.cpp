#include "git/scratch_file.hpp"

#include <unistd.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace git {
namespace {

std::string usual_directory() {
  const char* directory = std::getenv("TMPDIR");
  return directory == nullptr || *directory == '\0' ? "/tmp" : directory;
}

}  // namespace

ScratchFile::ScratchFile(const std::string& directory) : fd_(base::open_unnamed_file(directory)) {}

ScratchFile::ScratchFile() : ScratchFile(usual_directory()) {}

uint64_t ScratchFile::append(std::string_view bytes) {
  const uint64_t start = reserve(bytes.size());
  for (uint64_t at = start; !bytes.empty();) {
    const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) base::throw_errno("write to a temporary file");
    at += static_cast<uint64_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return start;
}

void ScratchFile::read(uint64_t offset, std::span<char> buffer) const {
  for (size_t filled = 0; filled < buffer.size();) {
    const ssize_t count = ::pread(fd_.get(), buffer.data() + filled, buffer.size() - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) base::throw_errno("read from a temporary file");
    if (count == 0) throw base::Error("a temporary file is shorter than what was written to it");
    filled += static_cast<size_t>(count);
  }
}

uint64_t ScratchFile::reserve(size_t size) {
  const std::lock_guard lock(mutex_);
  const uint64_t start = end_;
  end_ += size;
  return start;
}

}  // namespace git
