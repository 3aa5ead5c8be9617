#include "git/staged_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace git {
namespace {

constexpr size_t hole_size = 32 * 1024;  ///< Shorter holes save nothing worth a system call.

bool is_hole(std::string_view unit) {
  return unit.size() == hole_size && unit.find_first_not_of('\0') == unit.npos;
}

}  // namespace

StagedWriter::StagedWriter(std::string path, uint64_t size)
    : path_(std::move(path)),
      size_(size),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)) {
  if (!fd_) base::throw_errno(base::cat("write ", base::printable(path_)));
}

StagedWriter::~StagedWriter() {
  if (!finished_) ::unlink(path_.c_str());
}

void StagedWriter::write(std::string_view bytes) {
  base::throw_if_cancelled();
  while (!bytes.empty()) {
    size_t length = 0;
    while (length < bytes.size() && !is_hole(bytes.substr(length, hole_size))) {
      length += std::min(hole_size, bytes.size() - length);
    }
    base::write_all_at(fd_.get(), offset_, bytes.substr(0, length), path_);
    ends_in_hole_ = length < bytes.size();
    if (ends_in_hole_) length += hole_size;
    offset_ += length;
    bytes.remove_prefix(length);
  }
}

void StagedWriter::finish() {
  const bool has_size = !ends_in_hole_ || ::ftruncate(fd_.get(), static_cast<off_t>(size_)) == 0;
  // Some file systems say only here that there was no room.
  if (!has_size || ::close(fd_.release()) != 0) {
    base::throw_errno(base::cat("write ", base::printable(path_)));
  }
  finished_ = true;
}

}  // namespace git
