#include "http/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/cancel.hpp"

namespace http {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds first_delay{1000};
constexpr milliseconds longest_delay{5 * 60 * 1000};

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

bool may_pass(long status) {
  switch (status) {
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
      return status >= 520 && status <= 524;
  }
}

bool may_pass(const TransportError& error) {
  using Cause = TransportError::Cause;
  return error.cause() != Cause::tls_certificate && error.cause() != Cause::no_tls &&
         error.cause() != Cause::proxy_refusal && error.cause() != Cause::other;
}

void pause(milliseconds delay) {
  const auto end = std::chrono::steady_clock::now() + delay;
  for (auto now = end - delay; now < end; now = std::chrono::steady_clock::now()) {
    base::throw_if_cancelled();
    std::this_thread::sleep_for(std::min(
        std::chrono::duration_cast<milliseconds>(end - now) + milliseconds(1), milliseconds(100)));
  }
  base::throw_if_cancelled();
}

}  // namespace http
