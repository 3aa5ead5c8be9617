#include "git/staged_file.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace git {
namespace {

void fill(int fd, const std::string& path, uint64_t offset, std::span<char> buffer) {
  if (base::read_full_at(fd, offset, buffer, path) != buffer.size()) {
    throw base::Error(base::cat(base::printable(path), " is shorter than it was"));
  }
}

}  // namespace

void StagedFile::read_at(uint64_t offset, std::span<char> buffer) const {
  if (tree_ != nullptr) return read_file_at(*tree_, path_, offset, buffer);
  read_file_at(path_, offset, buffer);
}

int StagedFile::move_to(int parent, const std::string& name, const Place& place) const {
  if (tree_ != nullptr) {
    errno = ENODATA;
    return -1;
  }
  const int result = base::move_file(path_, parent, name);
  if (result == 0) {
    path_ = place.path;
    tree_ = &place.root;
  }
  return result;
}

void read_file_at(const std::string& path, uint64_t offset, std::span<char> buffer) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) base::throw_errno(base::cat("read ", base::printable(path)));
  fill(fd.get(), path, offset, buffer);
}

void read_file_at(const base::RootedDir& tree, const std::string& path, uint64_t offset,
                  std::span<char> buffer) {
  fill(tree.open_file(path).get(), path, offset, buffer);
}

}  // namespace git
