#include "git/server_words.hpp"

#include "base/text.hpp"

namespace git {
namespace {

using base::cat;

constexpr size_t most_line = 64 * 1024;

}  // namespace

void ServerWords::add(std::string_view text) {
  words_ += text;
  if (words_.size() > 8 * most_words) {
    words_.replace(0, words_.size() - 4 * most_words, "...");
  }
}

std::string ServerWords::text() const {
  std::string line;
  for (const std::string_view part : base::split(words_, '\n')) {
    std::string_view clean = base::trim(part);
    if (const size_t at = clean.rfind('\r'); at != std::string_view::npos) {
      clean.remove_prefix(at + 1);
    }
    // Counters are no reason, and neither is what some hosts frame theirs with, or what git says
    // when this side has given up.
    if (clean.empty() || clean == "error:" || clean.find("% (") != std::string_view::npos ||
        clean == "fatal: the remote end hung up unexpectedly") {
      continue;
    }
    base::append_item(line, " / ", base::printable(clean));
  }
  if (line.size() <= most_words) return line;
  // From a whole word on: half of one may be half a letter, or half a secret that is not hidden.
  const size_t blank = line.find(' ', line.size() - most_words);
  return cat("...", blank == std::string::npos ? "" : line.substr(blank));
}

void ServerLines::add(std::string_view text) {
  rest_ += text;
  const size_t end = rest_.size() > most_line ? rest_.size() : rest_.rfind('\n') + 1;
  log_.remote(std::string_view(rest_).substr(0, end));
  rest_.erase(0, end);
}

}  // namespace git
