#include "rootfs/file_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

constexpr size_t buffer_size = 512 * 1024;
constexpr size_t hole_size = 32 * 1024;  // Shorter holes save nothing worth a system call.

bool is_zero(std::span<const char> bytes) {
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

[[noreturn]] void fail(std::string_view path, uint64_t done, uint64_t size) {
  base::throw_errno(base::cat("write \"", base::excerpt(path), "\" (", base::human_size(done),
                              " of ", base::human_size(size), ")"));
}

void write_at(int fd, std::span<const char> bytes, uint64_t offset, std::string_view path,
              uint64_t size) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      base::throw_if_cancelled();
      continue;
    }
    if (count < 0) fail(path, offset, size);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

/// The length of the run at the front of `bytes` that is all hole or all data, in units of
/// hole_size.
size_t run_length(std::span<const char> bytes, bool is_hole) {
  size_t length = 0;
  while (length < bytes.size()) {
    const size_t unit = std::min(hole_size, bytes.size() - length);
    if (is_zero(bytes.subspan(length, unit)) != is_hole) break;
    length += unit;
  }
  return length;
}

}  // namespace

FileWriter::FileWriter() : buffer_(buffer_size) {}

void FileWriter::write(int fd, base::ByteSource& data, uint64_t size, std::string_view path) {
  uint64_t done = 0;
  uint64_t written_up_to = 0;
  while (done < size) {
    base::throw_if_cancelled();
    const size_t want = static_cast<size_t>(std::min<uint64_t>(buffer_.size(), size - done));
    const size_t count = base::read_full(data, std::span(buffer_).first(want));
    if (count == 0) break;
    std::span<const char> rest(buffer_.data(), count);
    while (!rest.empty()) {
      const bool may_have_holes = size >= hole_size;
      const bool is_hole = may_have_holes && is_zero(rest.first(std::min(hole_size, rest.size())));
      const size_t length = may_have_holes ? run_length(rest, is_hole) : rest.size();
      if (!is_hole) {
        write_at(fd, rest.first(length), done, path, size);
        written_up_to = done + length;
      }
      rest = rest.subspan(length);
      done += length;
    }
  }
  if (done != size) {
    throw base::Error(
        base::cat("\"", base::excerpt(path), "\" ends after ", done, " of ", size, " bytes"));
  }
  if (written_up_to < size && ::ftruncate(fd, static_cast<off_t>(size)) != 0) {
    fail(path, done, size);
  }
}

}  // namespace rootfs
