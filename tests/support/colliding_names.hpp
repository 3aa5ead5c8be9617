#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

/// Names of 16 bytes behind `prefix`, of 8 bytes, that the hash of the C++ library, which has no
/// key, takes for one: its steps can be gone back one by one, so that for any bytes in front those
/// behind can be found which lead to a value of one's choice.
inline std::vector<std::string> colliding_names(const std::string& prefix, size_t count) {
  constexpr uint64_t factor = 0xc6a4a7935bd1e995;
  uint64_t inverse = factor;
  for (int i = 0; i < 6; ++i) inverse *= 2 - factor * inverse;
  const auto fold = [](uint64_t value) { return value ^ (value >> 47U); };  // Its own inverse.
  const auto step = [&](uint64_t hash, std::string_view bytes) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    return (hash ^ (fold(word * factor) * factor)) * factor;
  };
  constexpr uint64_t seed = 0xc70f6907;
  const uint64_t start = step(seed ^ ((prefix.size() + 16) * factor), prefix);
  constexpr uint64_t goal = 42;
  std::vector<std::string> names;
  for (uint64_t number = 0; names.size() < count; ++number) {
    const std::string digits = std::to_string(10'000'000 + number);
    const uint64_t wanted = (goal * inverse) ^ step(start, digits);
    const uint64_t word = fold(wanted * inverse) * inverse;
    std::string last(sizeof word, '\0');
    std::memcpy(last.data(), &word, sizeof word);
    if (last.find_first_of(std::string_view("\0/", 2)) != std::string::npos) continue;
    names.push_back(digits + last);
  }
  const std::hash<std::string> hash;
  if (hash(prefix + names.front()) != hash(prefix + names.back())) {
    throw std::runtime_error("this library's hash is another one");
  }
  return names;
}
