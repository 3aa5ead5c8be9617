#include "codec/decompress.hpp"

#include "fuzz/support/fuzz.hpp"
#include "support/trickle.hpp"

namespace {

constexpr size_t most = 1 << 20;

struct Result {
  bool accepted = false;
  std::string bytes;
};

Result read(std::unique_ptr<base::ByteSource> source) {
  Result result;
  result.accepted = fuzz::accepts([&] {
    const auto plain = codec::decompress(std::move(source), "the layer");
    result.bytes = base::read_all(*plain, most, "the layer");
  });
  return result;
}

}  // namespace

// A gzip, zstd or plain stream.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(fuzz::text_of(data, size));
  const Result whole = read(std::make_unique<base::MemorySource>(bytes));
  const Result slow = read(std::make_unique<Trickle>(bytes, 5));
  fuzz::require(whole.accepted == slow.accepted && whole.bytes == slow.bytes,
                "how a stream arrives does not matter");
  return 0;
}
