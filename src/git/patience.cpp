#include "git/patience.hpp"

#include "base/cancel.hpp"
#include "base/text.hpp"
#include "http/backoff.hpp"

namespace git {
namespace {

using base::cat;
using std::chrono::seconds;

constexpr int most_waits = 3;
/// Who is told to come back later than this is told so: the next check, or build, is the later try.
constexpr seconds longest_wait{30};

}  // namespace

Patience::Patience(std::string where, Sleep sleep, base::Log& log)
    : where_(std::move(where)),
      sleep_(std::move(sleep)),
      log_(log),
      generator_(std::random_device{}()) {}

bool Patience::may_pass(const http::TransportError& error) {
  return http::may_pass(error) && error.cause() != http::TransportError::Cause::timeout;
}

void Patience::wait_or_rethrow(base::Error& error, int attempt,
                               std::optional<seconds> retry_after) {
  // What is done behind a signal has little time, and a schedule of its own.
  const bool is_over = waits_ == most_waits || base::cancel_signal() != 0;
  if (is_over || retry_after > longest_wait) {
    if (attempt > 1) error.add_context(cat("after ", attempt, " attempts"));
    if (retry_after > longest_wait) {
      throw base::Error(cat(error.what(), "; it wants to be asked again in ",
                            base::human_seconds(static_cast<double>(retry_after->count())),
                            ", longer than a step waits for it"));
    }
    throw;
  }
  ++waits_;
  const double chance = std::uniform_real_distribution<double>(0.0, 1.0)(generator_);
  const auto delay = http::next_delay(waits_, retry_after, chance);
  log_.info(cat(where_, where_.empty() ? "" : ": ", error.what(), "; trying again in ",
                base::human_seconds(static_cast<double>(delay.count()) / 1000.0)));
  sleep_(delay);
}

}  // namespace git
