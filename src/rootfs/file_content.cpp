#include "rootfs/file_content.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

[[noreturn]] void changed(std::string_view path) {
  throw base::Error(base::cat("file \"", base::excerpt(path), "\" changed while it was read"));
}

}  // namespace

FileState FileState::of(const struct stat& status) {
  return {static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

void check_unchanged(int fd, const FileState& state, std::string_view path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    base::throw_errno(base::cat("inspect \"", base::excerpt(path), "\""));
  if (FileState::of(status) != state) changed(path);
}

void FileContent::read_at(uint64_t offset, std::span<char> buffer) const {
  const std::string path = base::cat(directory_->path, directory_->path.empty() ? "" : "/", name_);
  const base::UniqueFd fd = directory_->root->open_file(path);
  const size_t count = base::read_full_at(fd.get(), offset, buffer, path);
  // Looked at after the read: a change before or during it shows alike.
  check_unchanged(fd.get(), state_, path);
  if (count != buffer.size()) {
    throw base::Error(base::cat("file \"", base::excerpt(path), "\" has no ", buffer.size(),
                                " bytes at offset ", offset));
  }
}

size_t FileStream::read(std::span<char> buffer) {
  const uint64_t left = state_.size - position_;
  const size_t count = base::read_full_at(
      fd_.get(), position_,
      buffer.first(static_cast<size_t>(std::min<uint64_t>(left, buffer.size()))), path_);
  position_ += count;
  if (count == 0) {
    check_unchanged(fd_.get(), state_, path_);
    if (position_ != state_.size) changed(path_);
  }
  return count;
}

}  // namespace rootfs
