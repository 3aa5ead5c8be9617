#pragma once
#include <chrono>
#include <optional>

#include "http/client.hpp"

namespace http {

/// How long to wait after `attempt` failures in a row without progress: none after 0, then from one
/// second doubling up to five minutes, shortened by chance (`random` from 0 up to 1) to no less
/// than half, so that many clients do not come back together. `retry_after` is honoured up to the
/// same five minutes.
std::chrono::milliseconds next_delay(int attempt, std::optional<std::chrono::seconds> retry_after,
                                     double random);

/// Whether asking again may be answered differently than with this status.
bool may_pass(long status);
bool may_pass(const TransportError& error);

/// Sleeps; a signal ends it with Cancelled.
void pause(std::chrono::milliseconds delay);

}  // namespace http
