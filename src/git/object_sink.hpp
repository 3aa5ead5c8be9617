#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/entry.hpp"
#include "base/stream.hpp"
#include "git/object.hpp"

namespace git {

/// Blobs above this size are streamed through a LargeBlob, smaller ones are handed over whole.
inline constexpr uint64_t largest_whole_blob = 4ULL * 1024 * 1024;

/// Takes the bytes of one blob in order. Destroyed without finish() it is to be forgotten.
class LargeBlob : public base::ByteSink {
 public:
  /// All bytes are written, their number is what begin_large() was told, and `id` is their hash.
  virtual void finish(const Oid& id) = 0;
};

/// Takes the objects of a fetched commit. All calls come one after the other from the thread that
/// fetches; what they throw ends the fetch and comes out of it. Each id was computed from the bytes
/// handed over, so an id that is known from a verified tree proves them.
///
/// Objects come in the order the server chose: a blob may come before the tree that names it, an
/// object may come twice, and some may be part of nothing that was asked for.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  virtual void commit(const Oid& id, std::string content) = 0;
  virtual void tree(const Oid& id, std::string content) = 0;
  /// A blob of at most largest_whole_blob bytes.
  virtual void blob(const Oid& id, std::string content) = 0;
  /// The writer for a larger blob, whose id is known at its end only. `size` is what the server
  /// says: a writer that is given more or fewer bytes is never finished. One is open at a time, but
  /// read_back() may be called while it is.
  virtual std::unique_ptr<LargeBlob> begin_large(uint64_t size) = 0;
  /// The bytes of a blob that was handed over before, which another one builds on (a delta); waits
  /// where they are still on their way to the disk. A sink that does not have them any more throws
  /// an Error.
  virtual std::shared_ptr<const base::Content> read_back(const Oid& id) = 0;
};

}  // namespace git
