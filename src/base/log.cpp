#include "base/log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/cancel.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace base {
namespace {

constexpr std::chrono::seconds shortest_interval{2};
constexpr std::chrono::seconds longest_interval{30};
/// An interval is this part of the time that has passed already.
constexpr int share_of_interval = 20;

constexpr int longest_wait_ms = 250;

// A very short value would blank out ordinary text and hides nothing.
constexpr size_t shortest_secret = 4;

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
      case '\\':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  }
  return out;
}

/// Go, which most registries are written in, escapes the characters of HTML, too.
std::string html_safe(std::string_view json) {
  std::string out;
  for (const char c : json) {
    if (c == '<' || c == '>' || c == '&') {
      out += cat("\\u00", to_hex({&c, 1}));
    } else {
      out += c;
    }
  }
  return out;
}

std::string with_small_hex(std::string percent_encoded) {
  for (size_t at = percent_encoded.find('%'); at != std::string::npos;
       at = percent_encoded.find('%', at + 3)) {
    percent_encoded.replace(at, 3, to_lower(percent_encoded.substr(at, 3)));
  }
  return percent_encoded;
}

/// The ways in which servers and libraries repeat a value. A text of several lines, such as a key,
/// is repeated line by line as well; its frame "-----BEGIN ..." is no secret.
std::vector<std::string> forms_of(std::string_view secret) {
  const std::string percent = percent_encode(secret);
  const std::string json = json_escaped(secret);
  std::vector<std::string> forms = {
      std::string(secret), base64_encode(secret), percent, with_small_hex(percent), json,
      html_safe(json)};
  for (std::string_view line : split(secret, '\n')) {
    line = trim(line);
    if (!line.starts_with("-----")) forms.emplace_back(line);
  }
  // What others say is made one line, and printable, before it comes here.
  for (size_t i = 0, count = forms.size(); i < count; ++i) {
    std::string line = one_line(forms[i]);
    forms.push_back(printable(forms[i]));
    forms.push_back(printable(line));
    forms.push_back(std::move(line));
  }
  std::erase_if(forms, [](const std::string& form) { return form.size() < shortest_secret; });
  return forms;
}

constexpr std::string_view replacement = "***";

constexpr std::string_view ellipsis = "...";

/// Replaces the start of a secret before "...": whoever shortens a text does not know the secrets
/// in it.
void replace_start(std::string& line, const std::string& secret) {
  const std::string_view first = std::string_view(secret).substr(0, shortest_secret);
  for (size_t at = line.find(first); at != line.npos; at = line.find(first, at + 1)) {
    const auto rest = std::mismatch(line.begin() + static_cast<std::ptrdiff_t>(at), line.end(),
                                    secret.begin(), secret.end())
                          .second;
    const auto length = static_cast<size_t>(rest - secret.begin());
    if (std::string_view(line).substr(at + length).starts_with(ellipsis)) {
      line.replace(at, length, replacement);
    }
  }
}

/// Replaces the end of a secret behind "...".
void replace_end(std::string& line, std::string_view secret) {
  for (size_t at = line.find(ellipsis); at != line.npos; at = line.find(ellipsis, at)) {
    at += ellipsis.size();
    const std::string_view behind = std::string_view(line).substr(at);
    if (behind.size() < shortest_secret) return;
    const std::string_view first = behind.substr(0, shortest_secret);
    for (size_t from = secret.find(first); from != secret.npos;
         from = secret.find(first, from + 1)) {
      const std::string_view end = secret.substr(from);
      if (behind.starts_with(end)) {
        line.replace(at, end.size(), replacement);
        break;
      }
    }
  }
}

/// False when there is nobody to wait for: a log that nobody reads must not keep a program that was
/// asked to stop, and a signal would end the waiting of one thread only.
bool wait_for_room(int fd) {
  if ((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0) return true;
  pollfd room{fd, POLLOUT, 0};
  for (;;) {
    const bool stopping = cancel_signal() != 0;
    const int ready = ::poll(&room, 1, longest_wait_ms);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (stopping) return false;
  }
}

}  // namespace

bool ProgressPace::is_due(Clock::time_point now) {
  const auto interval = std::clamp<Clock::duration>((now - start_) / share_of_interval,
                                                    shortest_interval, longest_interval);
  if (now - last_ < interval) return false;
  last_ = now;
  return true;
}

void Log::hide(std::string_view secret) {
  if (secret.size() < shortest_secret) return;
  const std::lock_guard lock(mutex_);
  for (std::string& form : forms_of(secret)) {
    if (std::find(hidden_.begin(), hidden_.end(), form) == hidden_.end()) {
      hidden_.push_back(std::move(form));
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
    if (!pace_.is_due(ProgressPace::Clock::now())) return;
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
  for (const std::string& secret : hidden_) replace_all(clean, secret, replacement);
  for (const std::string& secret : hidden_) {
    replace_start(clean, secret);
    replace_end(clean, secret);
  }
  std::string out = cat(prefix, printable(clean));
  if (colour_ == Colour::yes && !colour.empty()) out = cat(colour, out, "\x1b[0m");
  out += '\n';
  for (std::string_view rest = out; !rest.empty();) {
    if (!wait_for_room(fd_)) return;
    // So much fits into a pipe that has any room.
    const ssize_t written = ::write(fd_, rest.data(), std::min<size_t>(rest.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace base
