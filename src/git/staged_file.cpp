#include "git/staged_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace git {

void StagedFile::read_at(uint64_t offset, std::span<char> buffer) const {
  read_file_at(path_, offset, buffer);
}

int StagedFile::move_to(int parent, const std::string& name, const std::string& path) const {
  if (moved_) {
    errno = ENODATA;
    return -1;
  }
  const int result = ::renameat2(AT_FDCWD, path_.c_str(), parent, name.c_str(), RENAME_NOREPLACE);
  if (result == 0) {
    path_ = path;
    moved_ = true;
  }
  return result;
}

void read_file_at(const std::string& path, uint64_t offset, std::span<char> buffer) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) base::throw_errno(base::cat("read ", base::printable(path)));
  if (base::read_full_at(fd.get(), offset, buffer, path) != buffer.size()) {
    throw base::Error(base::cat(base::printable(path), " is shorter than it was"));
  }
}

}  // namespace git
