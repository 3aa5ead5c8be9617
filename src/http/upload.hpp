#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/stream.hpp"

namespace http {

/// The request body on its way to libcurl, one chunk at a time. The source is read by refill()
/// only, outside of libcurl's callbacks: it may work long, and libcurl, which has just looked for
/// an answer, would then send into a connection that the server has meanwhile closed.
class Upload {
 public:
  /// `size` is what Content-Length promises. `source` must outlive this.
  Upload(base::ByteSource& source, std::optional<uint64_t> size) : source_(source), size_(size) {}

  /// Reads the next chunk when the last one is used up. Error when the source ends before the
  /// promised size.
  void refill();
  /// Moves bytes of the chunk to `buffer`; 0 when refill() is needed or at the end.
  size_t give(std::span<char> buffer);
  bool ended() const { return ended_ && position_ == chunk_.size(); }

 private:
  base::ByteSource& source_;
  std::optional<uint64_t> size_;
  std::string chunk_;
  size_t position_ = 0;
  uint64_t pulled_ = 0;
  bool ended_ = false;
};

}  // namespace http
