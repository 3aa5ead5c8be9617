#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/fetch_ahead.hpp"
#include "base/log.hpp"
#include "base/stream.hpp"

namespace resource {

/// How many blobs are downloaded at the same time, and how much of them may wait in memory.
inline constexpr base::FetchAhead::Limits download_limits{
    .at_once = 3, .each = 4 * 1024 * 1024, .together = 12 * 1024 * 1024};

/// Tells the log how far a download of several parts is. Safe to use from several threads.
class DownloadProgress {
 public:
  /// `size` is that of all parts.
  DownloadProgress(uint64_t size, base::Log& log) : size_(size), log_(log) {}
  /// Counts what is read of one part; this must outlive it.
  std::unique_ptr<base::ByteSource> counted(std::unique_ptr<base::ByteSource> part);

 private:
  const uint64_t size_;
  std::atomic<uint64_t> done_ = 0;
  base::Log& log_;
};

}  // namespace resource
