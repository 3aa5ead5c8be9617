#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/entry.hpp"

namespace git {

/// Takes file contents that can be read only once, computes their ids and keeps them compressed, as
/// pack entries, in one unnamed temporary file. Works on several threads with bounded memory.
class BlobSpool {
 public:
  /// The temporary file is made in `directory`, which needs room for the compressed files.
  BlobSpool(const std::string& directory, unsigned threads);
  ~BlobSpool();
  BlobSpool(const BlobSpool&) = delete;
  BlobSpool& operator=(const BlobSpool&) = delete;

  /// Reads all of `data`, `size` bytes. The result, a PackedContent, may be used after finish().
  std::shared_ptr<const base::Content> store(base::ByteSource& data, uint64_t size);
  /// Waits until everything is in the file; failures of the threads come out here or in store().
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace git
