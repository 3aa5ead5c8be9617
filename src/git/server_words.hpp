#pragma once
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace git {

inline constexpr size_t most_words = 600;  ///< Letters of what a server says, in one error line.

/// Keeps the end of what a server says, on one line.
class ServerWords {
 public:
  void add(std::string_view text);
  /// At most `most_words`, without counters and what says nothing.
  std::string text() const;

 private:
  std::string words_;
};

/// Hands on what a server says line by line: packets cut lines, and characters, anywhere.
class ServerLines {
 public:
  explicit ServerLines(base::Log& log) : log_(log) {}
  ~ServerLines() { log_.remote(rest_); }
  ServerLines(const ServerLines&) = delete;
  ServerLines& operator=(const ServerLines&) = delete;

  void add(std::string_view text);

 private:
  base::Log& log_;
  std::string rest_;
};

}  // namespace git
