#pragma once
#include <cstdint>
#include <memory>
#include <stop_token>

#include "base/entry.hpp"
#include "git/object.hpp"

namespace git {

/// Computes the ids of blobs on threads of its own while more of them are found. Destroying it
/// early stops the threads.
class BlobHasher {
 public:
  /// The threads are started when there is something to do for them.
  explicit BlobHasher(unsigned threads);
  ~BlobHasher();
  BlobHasher(BlobHasher&&) noexcept;
  BlobHasher& operator=(BlobHasher&&) = delete;  // The ids of the old one may lie anywhere.

  /// Sets `id` to that of a blob of `size` bytes some time before finish() ends; both must stay
  /// where they are until then. Works on earlier ones itself where too many wait; throws what a
  /// thread failed with.
  void add(const base::Content& content, uint64_t size, Oid& id);
  /// Works on what is left, too, and returns when every id is there. Throws what a thread failed
  /// with, and Cancelled once `stop` is requested.
  void finish(const std::stop_token& stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace git
