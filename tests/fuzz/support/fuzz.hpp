#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/stream.hpp"
#include "base/text.hpp"

/// What libFuzzer, or support/replay.cpp in its place, calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program when `property` does not hold, so that the input is kept.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

/// Runs `action`; false when it refuses its input with an Error, which has to be one readable line.
/// Whatever else it throws ends the program.
template <class Action>
bool accepts(Action&& action) {
  try {
    action();
    return true;
  } catch (const base::Error& error) {
    const std::string_view message = error.what();
    require(!message.empty(), "an error says what is wrong");
    if (base::printable(message) != message) std::fprintf(stderr, "error: %s\n", error.what());
    require(base::printable(message) == message, "an error is one printable line");
    require(message.size() < 8 * 1024, "an error is short");
    return false;
  }
}

/// Takes small numbers and texts off the front of an input. At its end there are only zeros.
class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}
  bool empty() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string_view text(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace fuzz
