#include "git/blob_hasher.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "git/support/entries.hpp"
#include "support/catch.hpp"

namespace {

std::string text(size_t number) {
  // Some larger than a batch, one larger than a piece.
  return std::string(number == 700 ? 2'000'000 : number * number % 40'000, 'x') +
         std::to_string(number);
}

git::Oid id_of(const std::string& bytes) {
  base::Hasher hasher(base::HashAlgorithm::sha1);
  return git::object_id(hasher, git::ObjectType::blob, bytes);
}

/// Content whose reader does not come back before it is told to stop.
class Endless : public base::Content {
 public:
  void read_at(uint64_t /*offset*/, std::span<char> /*buffer*/) const override {
    begun = true;
    for (;;) {
      base::throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  mutable std::atomic<bool> begun = false;
};

}  // namespace

TEST_CASE("each of many files gets the id of its own bytes, however many threads there are") {
  const unsigned threads = GENERATE(0U, 1U, 3U);
  std::deque<MemoryContent> contents;
  std::deque<git::Oid> ids;
  git::BlobHasher hasher(threads);
  // More than may wait at once.
  constexpr size_t count = 5000;
  for (size_t i = 0; i < count; ++i) {
    hasher.add(contents.emplace_back(text(i)), text(i).size(), ids.emplace_back());
  }
  hasher.finish();
  size_t wrong = 0;
  for (size_t i = 0; i < count; ++i) wrong += ids[i] == id_of(text(i)) ? 0U : 1U;
  CHECK(wrong == 0);
}

TEST_CASE("a file that fails among many on other threads is not passed over") {
  const unsigned threads = GENERATE(0U, 2U);
  const MemoryContent good("good");
  std::deque<git::Oid> ids;
  git::BlobHasher hasher(threads);
  const auto add_all = [&] {
    for (size_t i = 0; i < 5000; ++i) {
      hasher.add(good, i == 1000 ? 5 : 4, ids.emplace_back());
    }
    hasher.finish();
  };
  REQUIRE_THROWS_AS(add_all(), base::Error);
  REQUIRE_THROWS_AS(hasher.finish(), base::Error);
}

TEST_CASE("a put that is given up does not wait for files that take long") {
  const Endless content;
  git::Oid id;
  {
    git::BlobHasher hasher(1);
    hasher.add(content, 2'000'000, id);
    while (!content.begun) std::this_thread::yield();
  }
  git::BlobHasher hasher(1);
  hasher.add(content, 2'000'000, id);
  std::stop_source stop;
  stop.request_stop();
  REQUIRE_THROWS_AS(hasher.finish(stop.get_token()), base::Cancelled);
}
