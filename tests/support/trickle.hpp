#pragma once
#include <algorithm>
#include <string>

#include "base/stream.hpp"

/// Gives bytes in pieces of at most `most`, as a network does.
class Trickle : public base::ByteSource {
 public:
  Trickle(std::string bytes, size_t most) : bytes_(std::move(bytes)), most_(most) {}
  size_t read(std::span<char> buffer) override {
    return bytes_.read(buffer.first(std::min(most_, buffer.size())));
  }

 private:
  base::MemorySource bytes_;
  size_t most_;
};
