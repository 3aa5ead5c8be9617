#pragma once

#include "base/stream.hpp"
#include "lfs/server.hpp"

namespace lfs {

/// The bytes of one object from a server. What was received is not fetched again after a cut, where
/// the server knows ranges.
class DownloadSource : public base::ByteSource {
 public:
  /// Both must outlive this.
  DownloadSource(Server& server, const Object& object, Answer answer);
  size_t read(std::span<char> buffer) override;

 private:
  void open(int attempt);

  Server& server_;
  const Object& object_;
  BorrowedClient client_;
  Retry retry_;
  Ticket ticket_;
  std::optional<Reply> reply_;
  uint64_t position_ = 0;
};

}  // namespace lfs
