#pragma once
#include <chrono>
#include <thread>

#include "base/cancel.hpp"
#include "base/stream.hpp"

/// Never gives anything, as a stalled connection, until the program is asked to stop.
class Stalled : public base::ByteSource {
 public:
  size_t read(std::span<char> /*buffer*/) override {
    for (;;) {
      base::throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
};
