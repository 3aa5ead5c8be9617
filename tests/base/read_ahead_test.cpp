#include "base/read_ahead.hpp"

#include <atomic>
#include <thread>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/stalled.hpp"

namespace {

/// Gives `size` bytes that depend on their place, then ends or fails.
class Counting : public base::ByteSource {
 public:
  enum class End { clean, failure };
  Counting(size_t size, End end, std::atomic<size_t>& given)
      : size_(size), end_(end), given_(given) {}
  size_t read(std::span<char> buffer) override {
    const size_t count = std::min({buffer.size(), size_ - given_, size_t{1000}});
    if (count == 0 && end_ == End::failure) throw base::Error("broke off");
    for (size_t i = 0; i < count; ++i) buffer[i] = static_cast<char>((given_ + i) % 251);
    given_ += count;
    return count;
  }

 private:
  size_t size_;
  End end_;
  std::atomic<size_t>& given_;
};

}  // namespace

TEST_CASE("bytes read ahead come out in order and complete") {
  std::atomic<size_t> given = 0;
  constexpr size_t size = 3'000'000;
  base::ReadAhead source(
      [&] { return std::make_unique<Counting>(size, Counting::End::clean, given); }, 1 << 20);
  const std::string bytes = base::read_all(source, size, "all");
  REQUIRE(bytes.size() == size);
  bool right = true;
  for (size_t i = 0; i < size; ++i) right = right && bytes[i] == static_cast<char>(i % 251);
  CHECK(right);
}

TEST_CASE("a slow reader does not make memory grow") {
  std::atomic<size_t> given = 0;
  base::ReadAhead source(
      [&] { return std::make_unique<Counting>(1 << 28, Counting::End::clean, given); }, 1 << 20);
  std::vector<char> one(1);
  CHECK(source.read(one) == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(given <= (1 << 20) + 2 * 256 * 1024);
}

TEST_CASE("a failure on the other thread is not taken for the end") {
  std::atomic<size_t> given = 0;
  base::ReadAhead source(
      [&] { return std::make_unique<Counting>(5000, Counting::End::failure, given); }, 1 << 20);
  REQUIRE_THROWS_AS(base::read_all(source, 10000, "all"), base::Error);
  base::ReadAhead unopened(
      []() -> std::unique_ptr<base::ByteSource> { throw base::Error("no such layer"); }, 1 << 20);
  REQUIRE_THROWS_AS(base::drain(unopened), base::Error);
}

TEST_CASE("giving up on a stalled source does not wait for it") {
  base::ReadAhead source([] { return std::make_unique<Stalled>(); }, 1 << 20);
}
