#include "base/file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace base {
namespace {

constexpr std::string_view unfinished = ".partial";
constexpr int longest_wait_ms = 250;

}  // namespace

UniqueFd open_regular_file(const std::string& path) {
  // O_NONBLOCK: opening a FIFO somebody left under this name must not wait for a writer.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return fd;
    if (errno == ELOOP)
      throw Error(cat("read ", printable(path), ": is a symbolic link, not a file"));
    throw_errno(cat("read ", printable(path)));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_errno(cat("read ", printable(path)));
  if (!S_ISREG(status.st_mode))
    throw Error(cat("read ", printable(path), ": is not a regular file"));
  return fd;
}

std::optional<std::string> read_small_file(const std::string& path, size_t limit) {
  const UniqueFd fd = open_regular_file(path);
  if (!fd) return std::nullopt;
  std::string content;
  std::string buffer(64 * 1024, '\0');
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(cat("read ", printable(path)));
    if (count == 0) return content;
    content.append(buffer, 0, static_cast<size_t>(count));
    if (content.size() > limit) {
      throw Error(cat("read ", printable(path), ": is larger than ", human_size(limit)));
    }
  }
}

size_t FileSource::read(std::span<char> buffer) {
  for (;;) {
    const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) throw_errno("read a file");
  }
}

FilePart::FilePart(std::shared_ptr<const UniqueFd> fd, uint64_t offset, uint64_t size,
                   std::string name)
    : fd_(std::move(fd)), offset_(offset), left_(size), name_(std::move(name)) {}

size_t FilePart::read(std::span<char> buffer) {
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(left_, buffer.size()));
  if (read_full_at(fd_->get(), offset_, buffer.first(wanted), name_) != wanted) {
    throw Error(cat("read ", printable(name_), ": the file ends too early"));
  }
  offset_ += wanted;
  left_ -= wanted;
  return wanted;
}

uint64_t file_size(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw_errno("look at an open file");
  return static_cast<uint64_t>(status.st_size);
}

UniqueFd open_unnamed_file(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  // Not every file system has unnamed files.
  std::string name = directory + "/temporary.XXXXXX";
  fd = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) throw_errno(cat("make a temporary file in ", printable(directory)));
  ::unlink(name.c_str());
  return fd;
}

int move_file(const std::string& path, int to, const std::string& name) {
  const int result = ::renameat2(AT_FDCWD, path.c_str(), to, name.c_str(), RENAME_NOREPLACE);
  if (result == 0 || errno != EINVAL) return result;
  // NFS, CephFS, 9p and some of FUSE know no flags.
  struct stat status {};
  const bool stands = ::fstatat(to, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (stands) errno = EEXIST;
  if (stands || errno != ENOENT) return -1;
  return ::renameat(AT_FDCWD, path.c_str(), to, name.c_str());
}

OutputFile::OutputFile(std::string path)
    : path_(std::move(path)),
      temporary_(cat(path_, ".XXXXXX", unfinished)),
      fd_(::mkostemps(temporary_.data(), static_cast<int>(unfinished.size()), O_CLOEXEC)) {
  if (!fd_) throw_errno(cat("write ", printable(path_)));
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::string_view bytes) {
  write_all(fd_.get(), bytes, path_);
  size_ += bytes.size();
}

void OutputFile::patch(uint64_t offset, std::string_view bytes) {
  write_all_at(fd_.get(), offset, bytes, path_);
}

void OutputFile::publish() {
  const std::string doing = cat("write ", printable(path_));
  if (::fchmod(fd_.get(), 0644) != 0) throw_errno(doing);
  // Some file systems say only here that there was no room.
  if (::close(fd_.release()) != 0) throw_errno(doing);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_errno(doing);
  temporary_.clear();
}

void remove_unfinished(const std::string& directory, std::string_view name) {
  const std::string start = cat(name, ".");
  const size_t size = start.size() + std::string_view("XXXXXX").size() + unfinished.size();
  std::error_code ignored;  // Whoever writes there next has more to say.
  std::filesystem::directory_iterator entry(directory, ignored);
  for (; entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
    const std::string found = entry->path().filename();
    if (found.size() != size || !found.starts_with(start) || !found.ends_with(unfinished)) continue;
    if (::unlink(entry->path().c_str()) != 0) {
      throw_errno(cat("remove ", printable(entry->path().native())));
    }
  }
}

void write_file(const std::string& path, std::string_view content) {
  OutputFile file(path);
  file.write(content);
  file.publish();
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    throw_errno(cat("make directory ", printable(path)));
  }
}

bool wait_if_it_would_block(int fd, short events) {
  if (errno != EAGAIN) return false;
  pollfd ready{fd, events, 0};
  ::poll(&ready, 1, longest_wait_ms);
  return true;
}

void write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR && !wait_if_it_would_block(fd, POLLOUT)) {
      throw_errno(cat("write ", printable(what)));
    }
    if (count > 0) bytes.remove_prefix(static_cast<size_t>(count));
    // A signal ends the wait for whoever reads a pipe.
    if (!bytes.empty()) throw_if_cancelled();
  }
}

void write_all_at(int fd, uint64_t offset, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(cat("write ", printable(what)));
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

size_t read_full_at(int fd, uint64_t offset, std::span<char> buffer, std::string_view what) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    throw_if_cancelled();
    const ssize_t count = ::pread(fd, buffer.data() + filled, buffer.size() - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(cat("read ", excerpt(what)));
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  return filled;
}

}  // namespace base
