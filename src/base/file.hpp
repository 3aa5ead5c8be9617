#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/stream.hpp"

namespace base {

/// A regular file for reading, -1 when there is none. Refuses symbolic links and special files.
UniqueFd open_regular_file(const std::string& path);

/// The bytes of a regular file; nothing when there is none. Refuses symbolic links, special files
/// and files larger than `limit` bytes.
std::optional<std::string> read_small_file(const std::string& path, size_t limit);

/// The bytes of an open file from where it stands.
class FileSource : public ByteSource {
 public:
  explicit FileSource(UniqueFd fd) : fd_(std::move(fd)) {}
  size_t read(std::span<char> buffer) override;

 private:
  UniqueFd fd_;
};

/// Part of a file whose descriptor any number of readers may share: it has no position of its own.
class FilePart : public ByteSource {
 public:
  /// `size` bytes from `offset` on; `name` is what they are called in errors.
  FilePart(std::shared_ptr<const UniqueFd> fd, uint64_t offset, uint64_t size, std::string name);
  /// Error when the file ends before.
  size_t read(std::span<char> buffer) override;

 private:
  std::shared_ptr<const UniqueFd> fd_;
  uint64_t offset_;
  uint64_t left_;
  std::string name_;
};

/// The size of an open file in bytes.
uint64_t file_size(int fd);

/// A new file in `directory`, for reading and writing, that is gone when it is closed.
UniqueFd open_unnamed_file(const std::string& directory);

/// Gives the file at `path` the name `name` in the open directory `to`, where nobody else makes
/// names. -1 with errno set: EEXIST where something stands already, which stays.
int move_file(const std::string& path, int to, const std::string& name);

/// A file that grows under a temporary name and is removed again unless publish() is reached.
class OutputFile : public ByteSink {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile() override;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes) override;
  /// Puts `bytes` in the place of as many that were written from `offset` on.
  void patch(uint64_t offset, std::string_view bytes);
  uint64_t size() const { return size_; }  ///< How many bytes were written.
  /// Gives the file its name and mode 0644, in place of whatever file had the name.
  void publish();

 private:
  std::string path_;
  std::string temporary_;
  UniqueFd fd_;
  uint64_t size_ = 0;
};

/// Removes the temporary files of `directory` that are left of an OutputFile called `name` when the
/// program is killed.
void remove_unfinished(const std::string& directory, std::string_view name);

/// Writes a file so that it is there whole or not at all (temporary name, then rename).
void write_file(const std::string& path, std::string_view content);

/// Makes a directory with mode 0755; one that is there already is fine.
void make_directory(const std::string& path);

/// After a read or write that failed: whether that was because the descriptor is not to block, as
/// another program that has it may have asked for. Waits then, for a quarter of a second at most,
/// until `events` of poll() may have come.
bool wait_if_it_would_block(int fd, short events);

/// Writes all bytes to a descriptor; `what` names the target in errors.
void write_all(int fd, std::string_view bytes, std::string_view what);

/// Writes all bytes into a file from `offset` on; `what` names it in errors.
void write_all_at(int fd, uint64_t offset, std::string_view bytes, std::string_view what);

/// Fills `buffer` from `offset` on unless the file ends before; how many bytes there were. `what`
/// names the file in errors.
size_t read_full_at(int fd, uint64_t offset, std::span<char> buffer, std::string_view what);

}  // namespace base
