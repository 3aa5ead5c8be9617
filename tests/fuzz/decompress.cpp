#include "codec/decompress.hpp"

#include "fuzz/support/fuzz.hpp"

namespace {

constexpr size_t most = 1 << 20;

struct Result {
  bool accepted = false;
  std::string bytes;
};

class Slow : public base::ByteSource {
 public:
  explicit Slow(std::string bytes) : source_(std::move(bytes)), trickle_(source_, 5) {}
  size_t read(std::span<char> buffer) override { return trickle_.read(buffer); }

 private:
  base::MemorySource source_;
  fuzz::Trickle trickle_;
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
  const Result slow = read(std::make_unique<Slow>(bytes));
  fuzz::require(whole.accepted == slow.accepted && whole.bytes == slow.bytes,
                "how a stream arrives does not matter");
  return 0;
}
