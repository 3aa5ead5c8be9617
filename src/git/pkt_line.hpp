#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/stream.hpp"

namespace git {

inline constexpr std::string_view flush_pkt = "0000";
inline constexpr std::string_view delimiter_pkt = "0001";  ///< gitprotocol-v2.

/// `payload` framed as one pkt-line (gitprotocol-common).
std::string pkt_line(std::string_view payload);

/// The words that a server has sent in place of an answer.
class ServerRefusal : public base::Error {
 public:
  using base::Error::Error;
};

/// The stream ends where more has to come.
class ClosedEarly : public base::Error {
 public:
  using base::Error::Error;
};

/// Throws a ServerRefusal for an ERR line (gitprotocol-pack, pkt-line Format).
void check_for_error(std::string_view line);

/// Reads pkt-lines from a stream.
class PktReader {
 public:
  enum class Kind { data, flush, delimiter, end };

  explicit PktReader(base::ByteSource& source) : source_(source) {}

  /// The next pkt-line; its payload, without a final line feed, is in line(). `end` is the end of
  /// the stream between two lines; ClosedEarly within one, Error when it is no pkt-line.
  Kind next();
  const std::string& line() const { return line_; }
  /// The same with the payload left as it came.
  Kind next_raw();

 private:
  /// `front` is what came in place of a length.
  [[noreturn]] void refuse(std::string_view front);

  base::ByteSource& source_;
  std::string line_;
};

/// Band 1 of a side-band-64k stream (gitprotocol-pack): band 2 goes to `progress`, band 3 becomes
/// a ServerRefusal, as does an ERR line. Ends at the flush packet; ClosedEarly when there is none.
class SideBandSource : public base::ByteSource {
 public:
  using Progress = std::function<void(std::string_view)>;
  SideBandSource(base::ByteSource& source, Progress progress)
      : packets_(source), progress_(std::move(progress)) {}
  size_t read(std::span<char> buffer) override;

 private:
  PktReader packets_;
  Progress progress_;
  std::string data_;
  size_t position_ = 0;
  bool ended_ = false;
};

}  // namespace git
