#pragma once
#include <functional>

namespace base {

/// Runs `here` on this thread and `beside` on another one, and returns when both have ended. When
/// one of them throws, throw_if_cancelled() stops the other, and what was thrown first comes out.
void run_both(const std::function<void()>& here, const std::function<void()>& beside);

}  // namespace base
