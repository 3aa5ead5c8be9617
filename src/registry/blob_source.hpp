#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/stream.hpp"
#include "http/client.hpp"
#include "registry/retry.hpp"

namespace registry {

/// A blob that is asked for again where its transfer breaks off (RFC 9110 section 14, Range).
class BlobSource : public base::ByteSource {
 public:
  /// Sends a request that still lacks its address and gives an answer of status 200, 206 or, with a
  /// Range field, 416. It goes to the registry each time, since the address that one redirects to
  /// is signed for a few minutes only.
  using Open = std::function<http::Response(const http::Request& request)>;

  /// Makes the first request. `retry` must outlive this.
  BlobSource(Open open, uint64_t size, std::string name, Retry& retry);

  size_t read(std::span<char> buffer) override;
  /// How many answers the bytes so far were put together from.
  int pieces() const { return pieces_; }

 private:
  void ask();
  http::Response open(const http::Request& request);
  size_t read_piece(std::span<char> buffer);
  void check_partial(const http::Response& response) const;
  void skip_known(base::ByteSource& body);
  template <class Error>
  void recover(Error& error);

  Open open_;
  uint64_t size_;
  std::string name_;
  Retry& retry_;
  std::unique_ptr<base::ByteSource> body_;
  uint64_t offset_ = 0;
  int pieces_ = 0;
  int failures_ = 0;        // In a row without progress.
  uint64_t failed_at_ = 0;  // Where the last one was.
  int late_ = 0;            // How often no answer came in time.
  bool range_refused_ = false;
};

}  // namespace registry
