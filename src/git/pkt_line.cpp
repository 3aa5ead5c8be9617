#include "git/pkt_line.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"

namespace git {

using base::cat;
using base::Error;

namespace {

constexpr size_t most_shown = 200;

[[noreturn]] void throw_words_of_server(std::string_view words) {
  words = words.substr(0, words.find('\0'));  // upload-pack sends it with some of its own.
  throw ServerRefusal(
      cat("the server said: ", base::excerpt(base::trim(words), base::sentence_limit)));
}

}  // namespace

std::string pkt_line(std::string_view payload) {
  std::array<char, 5> size{};
  std::snprintf(size.data(), size.size(), "%04zx", payload.size() + 4);
  return cat(size.data(), payload);
}

void check_for_error(std::string_view line) {
  if (line.starts_with("ERR ")) throw_words_of_server(line.substr(4));
}

void PktReader::refuse(std::string_view front) {
  // Some hosts send one over SSH and say on the side why they refuse.
  if (front.starts_with('\n')) {
    throw Error("the server sent an empty line in place of git's protocol");
  }
  // What a shell or a proxy has to say is a whole line, of which the rest is mostly here.
  std::string said(front);
  try {
    std::array<char, most_shown> more{};
    const size_t start = front.find_first_not_of("\r\n\t ");
    const bool is_whole = start != front.npos && front.find('\n', start) != front.npos;
    if (!is_whole) said.append(more.data(), source_.read(more));
  } catch (const Error&) {
    // The front has to do.
  }
  std::string_view line = base::trim(said);
  line = base::trim(line.substr(0, line.find('\n')));
  throw Error(cat("the server does not speak the git protocol (it sent \"",
                  base::excerpt(line, most_shown), "\")"));
}

PktReader::Kind PktReader::next_raw() {
  std::array<char, 4> header{};
  const size_t got = base::read_full(source_, header);
  line_.clear();
  if (got == 0) return Kind::end;
  size_t size = 0;
  for (const char c : std::string_view(header.data(), got)) {
    const size_t digit = std::string_view("0123456789abcdef")
                             .find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (digit == std::string_view::npos) refuse({header.data(), got});
    size = size * 16 + digit;
  }
  if (got < header.size()) throw ClosedEarly("the server closed the connection early");
  if (size == 1) return Kind::delimiter;
  if (size < 4) return Kind::flush;
  line_.resize(size - 4);
  if (base::read_full(source_, line_) < line_.size()) {
    throw ClosedEarly("the server closed the connection early");
  }
  return Kind::data;
}

PktReader::Kind PktReader::next() {
  const Kind kind = next_raw();
  if (line_.ends_with('\n')) line_.pop_back();
  return kind;
}

size_t SideBandSource::read(std::span<char> buffer) {
  while (position_ == data_.size()) {
    if (ended_) return 0;
    const PktReader::Kind kind = packets_.next_raw();
    if (kind == PktReader::Kind::end) throw ClosedEarly("the server closed the connection early");
    ended_ = kind != PktReader::Kind::data;
    if (ended_) return 0;
    const std::string& packet = packets_.line();
    if (packet.empty()) continue;
    const std::string_view payload = std::string_view(packet).substr(1);
    if (packet[0] == 1) {
      data_ = payload;
      position_ = 0;
    } else if (packet[0] == 2) {
      if (progress_) progress_(payload);
    } else {
      check_for_error(packet);
      if (packet[0] != 3) throw Error("the server sent something else in place of a pack");
      throw_words_of_server(payload);
    }
  }
  const size_t count = std::min(buffer.size(), data_.size() - position_);
  std::memcpy(buffer.data(), data_.data() + position_, count);
  position_ += count;
  return count;
}

}  // namespace git
