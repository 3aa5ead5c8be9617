#include "base/threads.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

/// Work of which there is memory for one copy only.
struct ScarceWork {
  explicit ScarceWork(std::atomic<int>& counter) : runs(&counter) {}
  ScarceWork(const ScarceWork& other) : runs(other.runs), copies(other.copies) {
    if (++*copies > 1) throw std::bad_alloc();
  }
  ScarceWork(ScarceWork&&) = default;
  void operator()() const { ++*runs; }

  std::atomic<int>* runs;
  std::shared_ptr<int> copies = std::make_shared<int>(0);
};

}  // namespace

TEST_CASE("threads that run do the work where there is no memory for more") {
  std::atomic<int> runs = 0;
  const ScarceWork work(runs);
  auto threads = base::start_some_threads(3, work);
  CHECK(threads.size() == 1);
  threads.clear();
  CHECK(runs == 1);
}

TEST_CASE("every number is worked on once, by no more threads than allowed") {
  std::vector<std::atomic<int>> done(100);
  std::atomic<int> now = 0;
  std::atomic<bool> too_many = false;
  base::for_each_at_once(done.size(), 3, [&](size_t i) {
    if (++now > 3) too_many = true;
    ++done[i];
    --now;
  });
  for (const auto& count : done) CHECK(count == 1);
  CHECK_FALSE(too_many);
  base::for_each_at_once(0, 3, [](size_t) { FAIL("there is nothing to do"); });
}

TEST_CASE("a failure stops work that would never end, and is the one that is told") {
  std::atomic<size_t> begun = 0;
  const auto work = [&](size_t i) {
    ++begun;
    if (i == 1) throw base::Error("broke off");
    for (;;) {
      base::throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  };
  CHECK(message_of([&] { base::for_each_at_once(50, 2, work); }) == "broke off");
  CHECK(begun == 2);
}

TEST_CASE("work for somebody who was told to stop does not go on to its end") {
  std::stop_source stop;
  const base::StopScope scope(stop.get_token());
  std::atomic<size_t> begun = 0;
  const auto work = [&](size_t) {
    ++begun;
    stop.request_stop();
    for (;;) {
      base::throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  };
  REQUIRE_THROWS_AS(base::for_each_at_once(50, 2, work), base::Cancelled);
  CHECK(begun <= 2);
}

TEST_CASE("a thread that did such work itself can still be told to stop") {
  std::stop_source stop;
  const base::StopScope scope(stop.get_token());
  { const base::StopScope inner(std::stop_source().get_token()); }
  base::throw_if_cancelled();
  stop.request_stop();
  REQUIRE_THROWS_AS(base::throw_if_cancelled(), base::Cancelled);
}
