#include "base/fetch_ahead.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/stalled.hpp"

namespace {

using base::FetchAhead;

std::string bytes_of(size_t index, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i + index * 7) % 251);
  return bytes;
}

FetchAhead::Item item_of(const std::string& bytes) {
  return {bytes.size(), [bytes] { return std::make_unique<base::MemorySource>(bytes); }};
}

/// A gate that opens once so many have come to it.
class Gate {
 public:
  explicit Gate(size_t count) : left_(count) {}
  void pass() {
    std::unique_lock lock(mutex_);
    if (left_ > 0) --left_;
    changed_.notify_all();
    while (left_ > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(20));
      base::throw_if_cancelled();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t left_;
};

/// Counts what it gives.
class Counted : public base::ByteSource {
 public:
  Counted(std::string bytes, std::atomic<size_t>& given)
      : source_(std::move(bytes)), given_(given) {}
  size_t read(std::span<char> buffer) override {
    const size_t count = source_.read(buffer);
    given_ += count;
    return count;
  }

 private:
  base::MemorySource source_;
  std::atomic<size_t>& given_;
};

}  // namespace

TEST_CASE("sources fetched ahead come out complete and unmixed, whatever their sizes") {
  std::vector<std::string> contents;
  std::vector<FetchAhead::Item> items;
  for (const int number : {0, 1, 200, 255 * 1024, 256 * 1024, 256 * 1024 + 1, 900'000, 32, 0, 5}) {
    contents.push_back(bytes_of(contents.size(), static_cast<size_t>(number)));
    items.push_back(item_of(contents.back()));
  }
  SECTION("with sizes that are right") {}
  SECTION("with sizes that are too small") {
    for (auto& item : items) item.size /= 2;
  }
  SECTION("with sizes that are too large") {
    for (auto& item : items) item.size = item.size * 2 + 1;
  }
  FetchAhead ahead(std::move(items), {.at_once = 3, .each = 300'000, .together = 700'000});
  for (size_t i = 0; i < contents.size(); ++i) {
    const auto source = ahead.source(i);
    CHECK(base::read_all(*source, 1'000'000, "all") == contents[i]);
  }
}

TEST_CASE("several sources are read at the same time, and never more than allowed") {
  constexpr unsigned at_once = 3;
  // Nobody gets through before three have come, so that one after the other would never end.
  Gate gate(at_once);
  std::atomic<unsigned> open = 0;
  std::atomic<unsigned> most = 0;
  std::vector<FetchAhead::Item> items;
  for (size_t i = 0; i < 12; ++i) {
    items.push_back({4, [&gate, &open, &most] {
                       const unsigned now = ++open;
                       unsigned before = most;
                       while (before < now && !most.compare_exchange_weak(before, now)) {}
                       gate.pass();
                       --open;
                       return std::make_unique<base::MemorySource>("data");
                     }});
  }
  FetchAhead ahead(std::move(items), {.at_once = at_once, .each = 1000, .together = 100'000});
  for (size_t i = 0; i < 12; ++i) CHECK(base::read_all(*ahead.source(i), 10, "all") == "data");
  CHECK(most == at_once);
}

TEST_CASE("large sources are read at the same time as far as their bytes find room") {
  constexpr size_t each = 300'000;
  Gate gate(3);
  std::vector<FetchAhead::Item> items;
  for (size_t i = 0; i < 3; ++i) {
    items.push_back({each * 2, [&gate] {
                       gate.pass();
                       return std::make_unique<base::MemorySource>(bytes_of(0, each * 2));
                     }});
  }
  FetchAhead ahead(std::move(items), {.at_once = 3, .each = each, .together = 3 * each});
  for (size_t i = 0; i < 3; ++i)
    CHECK(base::read_all(*ahead.source(i), each * 2, "all").size() == each * 2);
}

TEST_CASE("large sources nobody reads yet do not make memory grow") {
  constexpr size_t size = 3'000'000;
  std::atomic<size_t> given = 0;
  std::vector<FetchAhead::Item> items;
  for (size_t i = 0; i < 8; ++i) {
    items.push_back(
        {size, [&given] { return std::make_unique<Counted>(bytes_of(0, size), given); }});
  }
  constexpr size_t together = 2'000'000;
  FetchAhead ahead(std::move(items), {.at_once = 8, .each = 600'000, .together = together});
  for (size_t i = 0; i < 8; ++i) {
    CHECK(given <= i * size + together);
    const auto source = ahead.source(i);
    std::vector<char> one(1);
    REQUIRE(source->read(one) == 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    // The chunk that is being read is ours already.
    CHECK(given <= i * size + together + 256 * 1024);
    base::drain(*source);
  }
  CHECK(given == 8 * size);
}

TEST_CASE("the failure of a source is told to who reads it, and nothing further is opened") {
  std::atomic<bool> opened = false;
  std::vector<FetchAhead::Item> items;
  items.push_back(item_of("first"));
  items.push_back({5, []() -> std::unique_ptr<base::ByteSource> { throw base::Error("gone"); }});
  items.push_back({5, [&opened]() -> std::unique_ptr<base::ByteSource> {
                     opened = true;
                     return std::make_unique<base::MemorySource>("third");
                   }});
  FetchAhead ahead(std::move(items), {.at_once = 1, .each = 100, .together = 1000});
  CHECK(base::read_all(*ahead.source(0), 10, "all") == "first");
  CHECK(message_of([&] { base::drain(*ahead.source(1)); }) == "gone");
  // Rather than wait for what never comes.
  CHECK(message_of([&] { base::drain(*ahead.source(2)); }) == "gone");
  CHECK_FALSE(opened);
}

TEST_CASE("a source that was given up leaves room for the next") {
  std::vector<FetchAhead::Item> items;
  items.push_back({1000, [] { return std::make_unique<Stalled>(); }});
  for (size_t i = 1; i < 4; ++i) items.push_back(item_of(bytes_of(i, 500'000)));
  FetchAhead ahead(std::move(items), {.at_once = 2, .each = 1000, .together = 1000});
  for (size_t i = 0; i < 3; ++i) ahead.source(i).reset();
  const auto last = ahead.source(3);
  CHECK(base::read_all(*last, 500'000, "all") == bytes_of(3, 500'000));
}

TEST_CASE("giving up does not wait for stalled sources") {
  std::vector<FetchAhead::Item> items;
  for (size_t i = 0; i < 5; ++i) items.push_back({10, [] { return std::make_unique<Stalled>(); }});
  const FetchAhead ahead(std::move(items), {});
}
