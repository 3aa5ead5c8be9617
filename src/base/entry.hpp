#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/stream.hpp"

namespace base {

enum class EntryKind {
  file,
  directory,
  symlink,
  hardlink,
  fifo,
  socket,
  char_device,
  block_device
};

constexpr bool is_device(EntryKind kind) {
  return kind == EntryKind::char_device || kind == EntryKind::block_device;
}

/// The bytes of one regular file that can be read again, at any offset and from any thread.
class Content {
 public:
  virtual ~Content() = default;
  /// Fills the whole of `buffer` from `offset`; Error when the file no longer has those bytes.
  virtual void read_at(uint64_t offset, std::span<char> buffer) const = 0;
};

/// The `size` bytes of a content from its start.
class ContentSource : public ByteSource {
 public:
  ContentSource(std::shared_ptr<const Content> content, uint64_t size)
      : content_(std::move(content)), size_(size) {}

  size_t read(std::span<char> buffer) override;

 private:
  std::shared_ptr<const Content> content_;
  uint64_t size_;
  uint64_t position_ = 0;
};

struct Xattr {
  std::string name;
  std::string value;

  bool operator==(const Xattr&) const = default;
};

/// One file system object with all its attributes: what sources give and sinks take.
struct Entry {
  std::string path;  ///< Relative, raw bytes; "" is the root directory itself.
  EntryKind kind = EntryKind::file;
  uint32_t mode = 0;  ///< Permission, setuid, setgid and sticky bits (07777).
  uint64_t uid = 0;
  uint64_t gid = 0;
  int64_t mtime_seconds = 0;
  uint32_t mtime_nanoseconds = 0;
  uint64_t size = 0;  ///< In bytes: of a regular file, and of a hard link with content.
  std::string link;  ///< Symlink: its text. Hard link: the path of the entry it is another name of.
  bool has_other_names = false;  ///< Hard links to this entry follow, or it is one.
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  std::vector<Xattr> xattrs;
  /// The bytes where the source can read them more than once, else null: of a regular file, and of
  /// a hard link to one, for a sink that lacks the first name.
  std::shared_ptr<const Content> content;
};

/// Gives the entries of an image one after the other.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  /// The next entry in `entry`; false at the end.
  virtual bool next(Entry& entry) = 0;
  /// The bytes of the regular file that next() gave last; valid until the next call of next().
  virtual ByteSource& data() = 0;
};

}  // namespace base
