#include "registry/blob_source.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"

namespace registry {
namespace {

using base::cat;
using base::Error;
using Cause = http::TransportError::Cause;

/// So much is worth asking again at once; a server that gives less each time is left in peace.
constexpr uint64_t real_progress = 1024 * 1024;

/// A proxy that looks through a whole layer before it passes on the first byte may take minutes for
/// it, while a line that is dead is best left soon. One is told from the other by trying: for twice
/// as long, twice.
constexpr int most_doublings = 2;

/// The parts of "bytes 5-9/10"; the total may be "*".
struct ContentRange {
  std::optional<uint64_t> first;
  std::optional<uint64_t> last;
  std::optional<uint64_t> total;
};

ContentRange parse_content_range(std::string_view value) {
  value = base::trim(value);
  if (!base::equal_ignoring_case(value.substr(0, 6), "bytes ")) return {};
  value.remove_prefix(6);
  const size_t dash = value.find('-');
  const size_t slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return {};
  return {base::parse_number(base::trim(value.substr(0, dash))),
          base::parse_number(base::trim(value.substr(dash + 1, slash - dash - 1))),
          base::parse_number(value.substr(slash + 1))};
}

void check_length(const http::Response& response, uint64_t expected, std::string_view who) {
  const auto length = base::parse_number(response.headers.get("Content-Length").value_or(""));
  if (length && *length != expected) {
    throw Error(cat("the registry offers ", base::with_commas(*length), " bytes, ", who, " says ",
                    base::with_commas(expected)));
  }
}

}  // namespace

BlobSource::BlobSource(Open open, uint64_t size, std::string name, Retry& retry)
    : open_(std::move(open)), size_(size), name_(std::move(name)), retry_(retry) {
  while (!body_) {
    try {
      base::with_context(name_, [&] { ask(); });
    } catch (StatusError& error) {
      recover(error);
    } catch (http::TransportError& error) {
      recover(error);
    }
  }
}

size_t BlobSource::read(std::span<char> buffer) {
  for (;;) {
    // What a server says behind the last byte, and whether it closes well, does not matter.
    if (!body_ && offset_ == size_) return 0;
    try {
      return base::with_context(name_, [&] { return read_piece(buffer); });
    } catch (StatusError& error) {
      recover(error);
    } catch (http::TransportError& error) {
      recover(error);
    }
  }
}

size_t BlobSource::read_piece(std::span<char> buffer) {
  if (!body_) ask();
  const size_t count = body_->read(buffer);
  offset_ += count;
  if (count > 0 || offset_ >= size_) return count;
  throw http::TransportError(Cause::cut, cat("the answer ended after ", base::with_commas(offset_),
                                             " of ", base::with_commas(size_), " bytes"));
}

template <class Error>
void BlobSource::recover(Error& error) {
  body_.reset();
  if (offset_ > 0 && offset_ == size_) return;
  if (retry_.running()) throw;
  const uint64_t progress = offset_ - failed_at_;
  failed_at_ = offset_;
  if (progress >= real_progress) {
    failures_ = 0;
  } else if (progress > 0) {
    failures_ = 1;
  } else {
    ++failures_;
  }
  // A registry may cut its answers hundreds of times; the 1st, 2nd, 4th, 8th... are enough to read.
  // One that gives nothing may be waited for.
  const bool is_news = progress == 0 || (pieces_ & (pieces_ - 1)) == 0;
  std::string where;
  if (offset_ > 0) where = cat(" from byte ", base::with_commas(offset_));
  if (pieces_ > 1) {
    const auto before = static_cast<uint64_t>(pieces_ - 1);
    where += cat(" (resumed ", base::counted(before, "time", "times"), " so far)");
  }
  retry_.wait_or_rethrow(error, failures_, where, is_news ? Retry::Tell::info : Retry::Tell::debug);
}

void BlobSource::ask() {
  const bool partial = offset_ > 0 && !range_refused_;
  http::Request request;
  request.decode = false;
  if (late_ <= most_doublings) request.answer_timeout = request.stall_timeout * (1 << late_);
  if (partial) request.headers = {cat("Range: bytes=", offset_, "-")};
  http::Response response = open(request);
  if (response.status == 416) {
    range_refused_ = true;
    return ask();
  }
  if (response.status == 206) {
    if (!partial) throw Error("the registry answered with a part of the blob unasked");
    check_partial(response);
  } else {
    check_length(response, size_, "the manifest");
    skip_known(*response.body);
  }
  body_ = std::move(response.body);
  ++pieces_;
}

http::Response BlobSource::open(const http::Request& request) {
  try {
    return open_(request);
  } catch (const http::TransportError& error) {
    if (error.cause() == Cause::timeout) ++late_;
    throw;
  }
}

/// A part may end before the blob does (RFC 9110 section 15.3.7); the rest is asked for next.
void BlobSource::check_partial(const http::Response& response) const {
  const std::string text = response.headers.get("Content-Range").value_or("");
  const ContentRange range = parse_content_range(text);
  const bool good = range.first == offset_ && range.last >= range.first && range.last < size_;
  if (!good || (range.total && *range.total != size_)) {
    throw Error(cat("asked to go on from byte ", base::with_commas(offset_), " of ",
                    base::with_commas(size_), ", the registry answered with \"",
                    base::excerpt(text), "\""));
  }
  check_length(response, *range.last - offset_ + 1, "its Content-Range");
}

/// For servers that do not know Range and start over.
void BlobSource::skip_known(base::ByteSource& body) {
  std::array<char, 64 * 1024> buffer{};
  for (uint64_t left = offset_; left > 0;) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(left, buffer.size()));
    const size_t count = body.read(std::span(buffer).first(wanted));
    if (count == 0) {
      throw http::TransportError(Cause::cut,
                                 cat("the answer ended before byte ", base::with_commas(offset_),
                                     ", where it broke off before"));
    }
    left -= count;
  }
}

}  // namespace registry
