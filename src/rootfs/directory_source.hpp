#pragma once
#include <memory>
#include <string>

#include "base/entry.hpp"

namespace rootfs {

/// The entries below a directory on disk, each directory before what it holds, names of a directory
/// in byte order. Further names of a file seen before come as EntryKind::hardlink. Files have
/// `content`, which notices when a file changes between two reads.
class DirectorySource : public base::EntrySource {
 public:
  explicit DirectorySource(const std::string& path);
  ~DirectorySource() override;
  DirectorySource(const DirectorySource&) = delete;
  DirectorySource& operator=(const DirectorySource&) = delete;

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rootfs
