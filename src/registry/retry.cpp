#include "registry/retry.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/cancel.hpp"
#include "base/text.hpp"

namespace registry {
namespace {

using base::cat;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds first_delay{1000};
constexpr milliseconds longest_delay{5 * 60 * 1000};

constexpr int attempts_unanswered = 3;
constexpr int attempts = 6;
/// About half an hour: limits are counted per minute or hour, and a build that waits is worth more
/// than one that fails.
constexpr int attempts_when_limited = 14;

void sleep_cancellably(milliseconds delay) {
  const auto end = std::chrono::steady_clock::now() + delay;
  for (auto now = end - delay; now < end; now = std::chrono::steady_clock::now()) {
    base::throw_if_cancelled();
    std::this_thread::sleep_for(std::min(
        std::chrono::duration_cast<milliseconds>(end - now) + milliseconds(1), milliseconds(100)));
  }
  base::throw_if_cancelled();
}

}  // namespace

milliseconds next_delay(int attempt, std::optional<seconds> retry_after, double random) {
  milliseconds delay{0};
  if (attempt > 0) {
    const double full = static_cast<double>(first_delay.count()) * std::pow(2.0, attempt - 1);
    const double capped = std::min(full, static_cast<double>(longest_delay.count()));
    delay = milliseconds(static_cast<int64_t>(capped * (1.0 + random) / 2.0));
  }
  if (!retry_after || *retry_after <= seconds(0)) return delay;
  return std::max(delay, milliseconds(std::min<seconds>(
                             *retry_after, std::chrono::duration_cast<seconds>(longest_delay))));
}

bool may_pass(const StatusError& error) {
  switch (error.status()) {
    case 408:
    case 425:
    case 429:
    case 499:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return error.status() >= 520 && error.status() <= 524;
  }
}

bool may_pass(const http::TransportError& error) {
  using Cause = http::TransportError::Cause;
  return error.cause() != Cause::tls_certificate && error.cause() != Cause::other;
}

Retry::Retry(const Patience& patience, base::Log& log)
    : patience_(patience), log_(log), generator_(std::random_device{}()) {}

void Retry::wait_or_rethrow(StatusError& error, int attempt, std::string_view where, Tell tell) {
  const bool waits_long = error.status() == 429 && patience_.on_pull_limit == OnPullLimit::wait;
  const bool useless = error.limit().is_pull_limit && patience_.on_pull_limit == OnPullLimit::fail;
  if (!may_pass(error) || useless) throw;
  if (attempt >= (waits_long ? attempts_when_limited : attempts)) {
    error.add_context(cat("after ", attempt, " attempts"));
    throw;
  }
  pause(error, next_delay(attempt, error.limit().retry_after, random()), where, tell);
}

void Retry::wait_or_rethrow(http::TransportError& error, int attempt, std::string_view where,
                            Tell tell) {
  if (!may_pass(error)) throw;
  if (attempt >= (answered_ ? attempts : attempts_unanswered)) {
    error.add_context(cat("after ", attempt, " attempts"));
    throw;
  }
  pause(error, next_delay(attempt, std::nullopt, random()), where, tell);
}

double Retry::random() {
  if (patience_.random) return patience_.random();
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator_);
}

void Retry::pause(const base::Error& error, milliseconds delay, std::string_view where, Tell tell) {
  const double in_seconds = static_cast<double>(delay.count()) / 1000.0;
  const std::string when =
      delay.count() == 0 ? "at once" : cat("in ", base::human_seconds(in_seconds));
  const std::string line = cat(error.what(), "; trying again ", when, where);
  if (tell == Tell::info) {
    log_.info(line);
  } else {
    log_.debug(line);
  }
  if (patience_.sleep) {
    patience_.sleep(delay);
  } else if (delay.count() > 0) {
    sleep_cancellably(delay);
  }
}

}  // namespace registry
