#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/stream.hpp"

namespace base {

/// Reads many sources, the first ones first and several at once, on threads of its own ahead of
/// whoever reads them here. What is held of all of them together is bounded.
class FetchAhead {
 public:
  struct Item {
    uint64_t size = 0;  ///< How much is expected; decides how much room it gets.
    std::function<std::unique_ptr<ByteSource>()> open;  ///< Called on another thread.
  };
  struct Limits {
    unsigned at_once = 3;                ///< Sources that are open at the same time.
    size_t each = 4 * 1024 * 1024;       ///< Bytes held of one source.
    size_t together = 16 * 1024 * 1024;  ///< Bytes held of all.
  };

  FetchAhead(std::vector<Item> items, const Limits& limits);
  /// Stops the threads at their next throw_if_cancelled().
  ~FetchAhead();
  FetchAhead(const FetchAhead&) = delete;
  FetchAhead& operator=(const FetchAhead&) = delete;

  /// The bytes of item `index`, to be asked for once and read by one thread, which may wait until
  /// those before it are read. A failure of its source comes out of read() with its own type, and
  /// no further sources are opened then. Must not outlive this.
  std::unique_ptr<ByteSource> source(size_t index);

 private:
  struct Impl;
  class Reader;
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
