#pragma once
#include <functional>
#include <memory>

#include "base/stream.hpp"

namespace base {

/// Reads a source on a thread of its own, a bounded number of bytes ahead of whoever reads this. A
/// failure over there comes out of read() here with its own type. Destroying it early stops the
/// thread at its next throw_if_cancelled().
class ReadAhead : public ByteSource {
 public:
  /// `open` makes the source, on the new thread; `limit` is the most bytes held.
  ReadAhead(std::function<std::unique_ptr<ByteSource>()> open, size_t limit);
  ~ReadAhead() override;
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  size_t read(std::span<char> buffer) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
