#include "registry/retry.hpp"

#include "base/text.hpp"

namespace registry {
namespace {

using base::cat;
using std::chrono::milliseconds;

constexpr int attempts_unanswered = 3;
constexpr int attempts = 6;
/// About half an hour: limits are counted per minute or hour, and a build that waits is worth more
/// than one that fails.
constexpr int attempts_when_limited = 14;
/// Who is told to come back later than this would wait in vain.
constexpr std::chrono::seconds longest_wait{60 * 60};
constexpr std::chrono::seconds longest_wait_of_check{60};

}  // namespace

bool may_pass(const StatusError& error) {
  return http::may_pass(error.status());
}

Retry::Retry(const Patience& patience, base::Log& log)
    : patience_(patience), log_(log), generator_(std::random_device{}()) {}

void Retry::wait_or_rethrow(StatusError& error, int attempt, std::string_view where, Tell tell) {
  const bool may_wait = patience_.on_pull_limit == OnPullLimit::wait;
  const bool waits_long = error.status() == 429 && may_wait;
  const bool useless =
      (error.limit().is_pull_limit && !may_wait) ||
      error.limit().retry_after > (may_wait ? longest_wait : longest_wait_of_check);
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
  patience_.sleep(delay);
}

}  // namespace registry
