#pragma once
#include <memory>
#include <vector>

#include "base/stream.hpp"
#include "git/snapshot.hpp"

namespace git {

/// A pack (gitformat-pack, version 2, no deltas) made while it is read. Objects are compressed on
/// `threads` threads in pieces of 512 KiB, a bounded number of pieces ahead of the reader, and come
/// in the given order; the same objects always give the same bytes. Destroying it early is fine.
class PackSource : public base::ByteSource {
 public:
  /// `objects` must be distinct and outlive the source.
  PackSource(const std::vector<PackObject>& objects, unsigned threads);
  ~PackSource() override;
  PackSource(const PackSource&) = delete;
  PackSource& operator=(const PackSource&) = delete;

  size_t read(std::span<char> buffer) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace git
