#include "base/log.hpp"

#include <unistd.h>
#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace base {
namespace {

constexpr std::chrono::seconds progress_interval{2};

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace

void Log::hide(std::string_view secret) {
  // A very short value would blank out ordinary text and hides nothing.
  if (secret.size() < 4) return;
  const std::lock_guard lock(mutex_);
  for (std::string form :
       {std::string(secret), base64_encode(secret), percent_encode(secret), json_escaped(secret)}) {
    if (std::find(hidden_.begin(), hidden_.end(), form) == hidden_.end()) {
      hidden_.push_back(std::move(form));
    }
  }
  // A multi-line key must not leak line by line either.
  if (secret.find('\n') != std::string_view::npos) {
    for (const std::string_view part : split(secret, '\n')) {
      if (part.size() >= 16) hidden_.emplace_back(part);
    }
  }
  std::stable_sort(hidden_.begin(), hidden_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void Log::heading(std::string_view text) {
  line("\x1b[1m", "", text);
}
void Log::info(std::string_view text) {
  line("", "", text);
}
void Log::warn(std::string_view text) {
  line("\x1b[33m", "warning: ", text);
}
void Log::error(std::string_view text) {
  line("\x1b[31m", "error: ", text);
}

void Log::debug(std::string_view text) {
  if (debugging()) line("\x1b[2m", "debug: ", text);
}

void Log::progress(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_progress_ < progress_interval) return;
    last_progress_ = now;
  }
  line("\x1b[2m", "", text);
}

void Log::remote(std::string_view text) {
  for (const std::string_view part : split(text, '\n')) {
    // Servers overwrite a progress line with carriage returns; the last state is enough.
    std::string_view shown = part.substr(0, part.find_last_not_of("\r ") + 1);
    if (const size_t at = shown.rfind('\r'); at != std::string_view::npos)
      shown.remove_prefix(at + 1);
    if (!shown.empty()) line("\x1b[36m", "remote: ", shown);
  }
}

void Log::line(std::string_view colour, std::string_view prefix, std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::string clean(text);
  for (const std::string& secret : hidden_) {
    for (size_t at = clean.find(secret); at != std::string::npos; at = clean.find(secret, at)) {
      clean.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  std::string out = cat(prefix, printable(clean));
  if (colour_ == Colour::yes && !colour.empty()) out = cat(colour, out, "\x1b[0m");
  out += '\n';
  for (std::string_view rest = out; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace base
