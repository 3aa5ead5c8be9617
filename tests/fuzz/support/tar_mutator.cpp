#include <cstring>
#include <random>

#include "fuzz/support/fuzz.hpp"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace {

constexpr size_t block_size = 512;

void correct_sum(uint8_t* block) {
  std::memset(block + 148, ' ', 8);
  unsigned sum = 0;
  for (size_t i = 0; i < block_size; ++i) sum += block[i];
  for (size_t i = 0; i < 6; ++i) block[153 - i] = static_cast<uint8_t>('0' + (sum >> 3 * i & 7U));
  block[154] = 0;
}

}  // namespace

/// Changes tar streams by whole blocks or within one, and mostly corrects the sums of headers:
/// else no reader would look at what has become of them.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  const size_t blocks = size / block_size;
  const auto block = [&] { return random() % blocks * block_size; };
  switch (blocks == 0 ? 0 : random() % 8) {
    case 0:
      size = LLVMFuzzerMutate(data, size, most);
      break;
    case 1: {  // Repeats a block.
      if (size + block_size > most) break;
      uint8_t copy[block_size];
      std::memcpy(copy, data + block(), block_size);
      const size_t at = block();
      std::memmove(data + at + block_size, data + at, size - at);
      std::memcpy(data + at, copy, block_size);
      size += block_size;
      break;
    }
    case 2: {  // Drops a block.
      const size_t at = block();
      std::memmove(data + at, data + at + block_size, size - at - block_size);
      size -= block_size;
      break;
    }
    case 3: {  // Changes the type.
      constexpr std::string_view types("01234567xgLKS");
      data[block() + 156] = static_cast<uint8_t>(types[random() % types.size()]);
      break;
    }
    default: {  // Changes a field of a header: name, mode, owner, group, size, time, link, prefix.
      constexpr size_t fields[][2] = {{0, 100},  {0, 100},  {100, 8},   {108, 8},   {116, 8},
                                      {124, 12}, {136, 12}, {157, 100}, {157, 100}, {345, 155}};
      const auto& [at, length] = fields[random() % std::size(fields)];
      uint8_t* field = data + block() + at;
      const size_t used = ::strnlen(reinterpret_cast<const char*>(field), length);
      const size_t now = LLVMFuzzerMutate(field, used, length);
      std::memset(field + now, 0, length - now);
    }
  }
  if (random() % 8 == 0) return size;
  for (size_t at = 0; at + block_size <= size; at += block_size) {
    if (std::memcmp(data + at + 257, "ustar", 5) == 0) correct_sum(data + at);
  }
  return size;
}
