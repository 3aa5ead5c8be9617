#include "lfs/download_source.hpp"

#include <algorithm>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {
namespace {

using base::cat;
using http::TransportError;

/// Reads and drops `count` bytes.
void skip(base::ByteSource& bytes, uint64_t count) {
  std::vector<char> block(64 * 1024);
  while (count > 0) {
    base::throw_if_cancelled();
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(count, block.size()));
    const size_t got = bytes.read(std::span(block).first(wanted));
    if (got == 0) throw TransportError(TransportError::Cause::cut, "the file has become shorter");
    count -= got;
  }
}

}  // namespace

DownloadSource::DownloadSource(Server& server, const Object& object, Answer answer)
    : server_(server),
      object_(object),
      client_(server.clients()),
      retry_(server.retry()),
      ticket_(server, Operation::download, object, std::move(answer)) {}

size_t DownloadSource::read(std::span<char> buffer) {
  return retry_.run([&](int attempt) {
    if (attempt > 1) reply_.reset();
    // Nothing is left to ask for, and a range behind the end would be refused.
    if (attempt > 1 && position_ == object_.size) return size_t{0};
    if (!reply_) open(attempt);
    const size_t count = reply_->response.body->read(buffer);
    position_ += count;
    if (count == 0 && position_ < object_.size) {
      throw TransportError(
          TransportError::Cause::cut,
          cat(reply_->url.display(), ": the answer ended after ", base::with_commas(position_),
              " of ", base::with_commas(object_.size), " bytes"));
    }
    return count;
  });
}

void DownloadSource::open(int attempt) {
  ticket_.use(attempt, [&](const Answer& answer) {
    if (!answer.transfer) throw base::Error("the LFS server does not say where it is");
    Exchange exchange;
    if (position_ > 0) exchange.plain_headers = {cat("Range: bytes=", position_, "-")};
    reply_ = server_.perform(client_, answer, *answer.transfer, std::move(exchange));
  });
  if (position_ == 0) return;
  const std::string range = reply_->response.headers.get("Content-Range").value_or("");
  if (reply_->response.status != 206) {
    skip(*reply_->response.body, position_);
  } else if (!range.starts_with(cat("bytes ", position_, "-"))) {
    throw base::Error(cat(reply_->url.display(), ": answered with another range (",
                          base::excerpt(range), ") than was asked for"));
  }
}

}  // namespace lfs
