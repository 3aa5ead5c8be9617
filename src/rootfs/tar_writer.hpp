#pragma once
#include <string>

#include "base/entry.hpp"
#include "base/stream.hpp"

namespace rootfs {

/// What stands in front of an entry's bytes in a tar archive: a ustar header, behind a pax one for
/// what does not fit (POSIX.1-2017 pax; extended attributes as SCHILY.xattr). Its length does not
/// depend on the entry's size. Error for a socket, which no archive can hold.
std::string tar_header(const base::Entry& entry);

/// Writes a tar archive entry by entry.
class TarWriter {
 public:
  explicit TarWriter(base::ByteSink& out) : out_(out) {}

  /// Anything that has no content of its own.
  void add(const base::Entry& entry);
  /// A regular file; `data` has to give `entry.size` bytes.
  void add(const base::Entry& entry, base::ByteSource& data);
  /// Marks the end of the archive.
  void finish();

 private:
  base::ByteSink& out_;
};

}  // namespace rootfs
