#include "lfs/retry.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace lfs {
namespace {

constexpr int most_attempts = 6;

}  // namespace

void Retry::wait_or_give_up(const base::Error& error, int attempt,
                            std::optional<std::chrono::seconds> retry_after) {
  if (attempt >= most_attempts) {
    // No longer of a type that passes: whoever retries around this would multiply the attempts.
    throw base::Error(base::cat("after ", attempt, " attempts: ", error.what()));
  }
  const double chance = std::uniform_real_distribution<double>(0.0, 1.0)(generator_);
  const auto delay = http::next_delay(attempt, retry_after, chance);
  const double seconds = static_cast<double>(delay.count()) / 1000.0;
  log_.info(base::cat(error.what(), "; trying again in ", base::human_seconds(seconds)));
  sleep_(delay);
}

}  // namespace lfs
