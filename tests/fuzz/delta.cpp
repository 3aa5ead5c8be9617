#include "git/delta.hpp"

#include "fuzz/support/fuzz.hpp"
#include "git/support/entries.hpp"
#include "support/trickle.hpp"

namespace {

struct Result {
  bool accepted = false;
  std::string bytes;
};

template <class Instructions>
Result apply(Instructions&& instructions, const git::DeltaBase& base, size_t size) {
  Result result;
  base::StringSink out;
  result.accepted = fuzz::accepts([&] {
    git::Delta delta(instructions);
    // Whoever has a content knows its size and compares it first.
    if (delta.base_size() != size) throw base::Error("for another base");
    if (delta.result_size() > 1'000'000) throw base::Error("too large to try");
    delta.apply(base, out);
    result.bytes = out.take();
    fuzz::require(result.bytes.size() == delta.result_size(), "a result is as long as it says");
  });
  return result;
}

}  // namespace

// The length of a base in one byte, the base, and instructions.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Bytes input(fuzz::text_of(data, size));
  const std::string base(input.text(input.byte()));
  const MemoryContent content(base);
  const Result in_memory = apply(input.rest(), {base, nullptr}, base.size());
  Trickle pieces(std::string(input.rest()), 3);
  const Result streamed =
      apply(static_cast<base::ByteSource&>(pieces), {{}, &content}, base.size());
  fuzz::require(in_memory.accepted == streamed.accepted && in_memory.bytes == streamed.bytes,
                "instructions mean the same in memory and in pieces");
  return 0;
}
