#include <cstring>

#include "base/hash.hpp"
#include "fuzz/support/fuzz.hpp"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

/// Corrects the sum at the end of most packs, without which no pack is read to the end.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  constexpr size_t sum_size = 20;
  if (size < sum_size || most < sum_size || seed % 8 == 0) {
    return LLVMFuzzerMutate(data, size, most);
  }
  const size_t now = LLVMFuzzerMutate(data, size - sum_size, most - sum_size);
  base::Hasher hasher(base::HashAlgorithm::sha1);
  hasher.update(fuzz::text_of(data, now));
  std::memcpy(data + now, hasher.finish().data(), sum_size);
  return now + sum_size;
}
