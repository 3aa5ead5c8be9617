#pragma once
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace base {

/// When a line that tells how far something is may come: a person watches the first minute, and
/// what takes an hour must not fill the page.
class ProgressPace {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProgressPace(Clock::time_point start) : start_(start), last_(start) {}
  /// Whether one is due, which then counts as written.
  bool is_due(Clock::time_point now);

 private:
  Clock::time_point start_;
  Clock::time_point last_;
};

/// The build log: whole lines of valid UTF-8 with ANSI colour, each written at once. Every line has
/// the registered secrets replaced by ***, also where a secret breaks off before "...", or begins
/// behind it. Safe to use from several threads.
class Log {
 public:
  enum class Colour { no, yes };
  enum class Debug { no, yes };

  explicit Log(int fd, Colour colour = Colour::yes) : fd_(fd), colour_(colour) {}
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_debug(Debug debug) { debug_ = debug; }
  bool debugging() const { return debug_ == Debug::yes; }

  /// From now on `secret` is never written: neither as it is, nor in base64, nor URL- or
  /// JSON-escaped, nor one of its lines. Values shorter than 4 bytes are not hidden.
  void hide(std::string_view secret);

  void heading(std::string_view text);  ///< Bold: what a person looks for first.
  void info(std::string_view text);
  void warn(std::string_view text);   ///< Yellow, behind "warning: ".
  void error(std::string_view text);  ///< Red, behind "error: ".
  void debug(std::string_view text);  ///< Only with Debug::yes.
  /// Written only when the last progress line is two seconds old, in a long step up to half a
  /// minute; the caller repeats it.
  void progress(std::string_view text);
  /// What a server said, each line behind "remote: ".
  void remote(std::string_view text);

 private:
  void line(std::string_view colour, std::string_view prefix, std::string_view text);

  int fd_;
  Colour colour_;
  Debug debug_ = Debug::no;
  std::mutex mutex_;
  std::vector<std::string> hidden_;
  ProgressPace pace_{ProgressPace::Clock::now()};
};

}  // namespace base
