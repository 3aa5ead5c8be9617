#pragma once
#include <random>
#include <string>

/// `size` bytes of so many kinds that repeat themselves as little as chance has it; always the same
/// ones.
inline std::string noise(size_t size, unsigned kinds) {
  std::minstd_rand random(static_cast<unsigned>(size) + kinds);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random() / 64 % kinds);
  return bytes;
}
