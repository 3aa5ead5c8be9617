#pragma once
#include "base/entry.hpp"
#include "git/object.hpp"

namespace git {

/// File content that is compressed for a pack already.
class PackedContent : public base::Content {
 public:
  virtual const Oid& id() const = 0;
  /// Size in bytes of the pack entry: header and zlib stream (gitformat-pack).
  virtual uint64_t packed_size() const = 0;
  /// Fills `buffer` with the pack entry's bytes from `offset`; safe from several threads.
  virtual void read_packed(uint64_t offset, std::span<char> buffer) const = 0;
};

}  // namespace git
