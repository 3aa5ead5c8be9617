#include "base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/encoding.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

/// A log into a pipe in packet mode: each read gives the bytes of one write.
class PipedLog {
 public:
  explicit PipedLog(base::Log::Colour colour = base::Log::Colour::no) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_DIRECT | O_NONBLOCK | O_CLOEXEC) == 0);
    reader_ = base::UniqueFd(ends[0]);
    writer_ = base::UniqueFd(ends[1]);
    log_.emplace(writer_.get(), colour);
  }

  base::Log& operator*() { return *log_; }
  base::Log* operator->() { return &*log_; }

  std::vector<std::string> writes() {
    std::vector<std::string> all;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(reader_.get(), buffer.data(), buffer.size())) > 0;) {
      all.emplace_back(buffer.data(), static_cast<size_t>(n));
    }
    return all;
  }

  std::string text() {
    std::string all;
    for (const std::string& part : writes()) all += part;
    return all;
  }

 private:
  base::UniqueFd reader_;
  base::UniqueFd writer_;
  std::optional<base::Log> log_;
};

constexpr const char* secret = "P\"4/s\\s w\xc3\xb6rd<&>";
constexpr const char* private_key =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACDGtlc3RrZXl0ZXN0a2V5dGVzdGtleXRlc3RrZXl0ZXN0a2V5dGVzdGtleQ\n"
    "AQIDBA==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

}  // namespace

TEST_CASE("a secret is not written in any form a server or library may echo") {
  const std::vector<std::string> forms = {
      secret,
      base::base64_encode(secret),
      "P%224%2Fs%5Cs%20w%C3%B6rd%3C%26%3E",
      "P%224%2fs%5cs%20w%c3%b6rd%3c%26%3e",
      "P\\\"4/s\\\\s w\xc3\xb6rd<&>",                    // in JSON
      "P\\\"4/s\\\\s w\xc3\xb6rd\\u003c\\u0026\\u003e",  // in JSON as Go writes it
  };
  for (const std::string& form : forms) {
    PipedLog log;
    log->hide(secret);
    log->set_debug(base::Log::Debug::yes);
    log->heading("<" + form + ">");
    log->info("<" + form + "|" + form + ">");
    log->warn("<" + form + ">");
    log->error("<" + form + ">");
    log->debug("<" + form + ">");
    log->remote("<" + form + ">\nok");
    CHECK(log.text() ==
          "<***>\n<***|***>\nwarning: <***>\nerror: <***>\ndebug: <***>\nremote: <***>\n"
          "remote: ok\n");
  }
}

TEST_CASE("a secret with white space is not written either when its line is tidied up") {
  const std::string spaced = "two  blanks\tand\x01 more";
  const std::vector<std::string> forms = {
      spaced,
      "two blanks and\x01 more",
      "two  blanks\\x09and\\x01 more",
      "two blanks and\\x01 more",
      "two  blanks\\tand\x01 more",  // in JSON
      "two blanks\\tand\\x01 more",
  };
  for (const std::string& form : forms) {
    PipedLog log;
    log->hide(spaced);
    log->hide("   of");
    log->info("<" + form + "> of it");
    CHECK(log.text() == "<***> of it\n");
  }
}

TEST_CASE("no line of a private key is written") {
  PipedLog log;
  log->hide(private_key);
  for (const std::string_view line : base::split(private_key, '\n')) {
    if (line.empty() || line.starts_with("-----")) continue;
    log->info(line);
    log->remote(base::cat("got ", line, "\r"));
    CHECK(log.text() == "***\nremote: got ***\n");
  }
  log->info(private_key);
  CHECK(log.text() == "***\n");
}

TEST_CASE("no line of a private key with CR LF is written") {
  std::string text;
  for (const char* c = private_key; *c != '\0'; ++c)
    text += *c == '\n' ? "\r\n" : std::string(1, *c);
  PipedLog log;
  log->hide(text);
  log->info(base::split(private_key, '\n')[1]);
  CHECK(log.text() == "***\n");
}

TEST_CASE("of two secrets of which one starts the other nothing is left over") {
  PipedLog log;
  log->hide("token");
  log->hide("token-and-more");
  log->info("token-and-more token");
  CHECK(log.text() == "*** ***\n");
}

TEST_CASE("of a secret that was cut with the text around it nothing is left over") {
  PipedLog log;
  log->hide("token-and-more");
  log->info("the server said: token-and...");
  log->info("toke... token-and-more... token...");
  CHECK(log.text() == "the server said: ***...\n***... ***... ***...\n");
  log->info("tok... tokens... a token");
  CHECK(log.text() == "tok... tokens... a token\n");
}

TEST_CASE("of a secret whose start was cut off with the text before it nothing is left over") {
  PipedLog log;
  log->hide("token and more");
  log->info("... and more was refused");
  log->info("... more... ore... not more");
  CHECK(log.text() == "...*** was refused\n...***... ore... not more\n");
}

TEST_CASE("the replacement is not searched again, very short values hide nothing") {
  PipedLog log;
  log->hide("****");
  log->hide("");
  log->hide("abc");
  log->info("******** abc");
  CHECK(log.text() == "****** abc\n");
}

TEST_CASE("a line is one write, so that programs writing at the same time do not mix") {
  PipedLog log(base::Log::Colour::yes);
  log->info("plain");
  log->heading("bold");
  log->warn("careful");
  const std::vector<std::string> expected = {"plain\n", "\x1b[1mbold\x1b[0m\n",
                                             "\x1b[33mwarning: careful\x1b[0m\n"};
  CHECK(log.writes() == expected);
}

TEST_CASE("lines from several threads stay whole") {
  PipedLog log;
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([&log, c] {
      for (int i = 0; i < 3; ++i) log->info(std::string(60, c));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto writes = log.writes();
  CHECK(writes.size() == 12);
  for (const std::string& line : writes) CHECK(line == std::string(60, line[0]) + "\n");
}

TEST_CASE("what others say cannot break the line or the encoding") {
  PipedLog log;
  log->info("a\nb\x1b[31m\xff");
  CHECK(log.text() == "a\\x0ab\\x1b[31m\\xff\n");
}

TEST_CASE("a server's words come line by line, of an overwritten line the last state") {
  PipedLog log;
  log->remote("Resolving 1%\rResolving 99%\rdone   \n\nsecond\r\n");
  CHECK(log.text() == "remote: done\nremote: second\n");
  log->remote("");
  log->remote("\r\n \n");
  CHECK(log.text().empty());
}

TEST_CASE("debug lines come only when asked for") {
  PipedLog log;
  log->debug("hidden");
  CHECK_FALSE(log->debugging());
  CHECK(log.text().empty());
  log->set_debug(base::Log::Debug::yes);
  log->debug("shown");
  CHECK(log->debugging());
  CHECK(log.text() == "debug: shown\n");
}

TEST_CASE("progress does not flood the log, and does come") {
  const auto start = std::chrono::steady_clock::now();
  PipedLog log;
  size_t lines = 0;
  while (lines < 1) {
    for (int i = 0; i < 100; ++i) log->progress("half way");
    lines += log.writes().size();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  // However slow the machine: no more lines than there were intervals.
  const auto elapsed = std::chrono::steady_clock::now() - start;
  CHECK(lines <= static_cast<size_t>(elapsed / std::chrono::seconds(2)));
}

TEST_CASE("an hour of progress is a page of lines, and none of its gaps looks like a standstill") {
  using namespace std::chrono_literals;
  const auto start = base::ProgressPace::Clock::time_point{} + 1h;
  base::ProgressPace pace(start);
  int lines = 0;
  int in_first_minute = 0;
  auto last = start;
  for (auto now = start; now <= start + 1h; now += 100ms) {
    if (!pace.is_due(now)) continue;
    CHECK(now - last >= 2s);
    CHECK(now - last <= 31s);
    last = now;
    ++lines;
    if (now - start <= 1min) ++in_first_minute;
  }
  CHECK(lines < 200);
  CHECK(in_first_minute >= 25);
}

TEST_CASE("a log that nobody reads does not stop the work") {
  PipedLog log;
  for (int i = 0; i < 100; ++i) log->info(std::string(4000, 'x'));
  CHECK_FALSE(log.writes().empty());
  base::Log closed(-1);
  closed.error("nowhere to go");
}
