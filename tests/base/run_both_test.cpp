#include "base/run_both.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

void wait_to_be_stopped() {
  for (;;) {
    base::throw_if_cancelled();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

[[noreturn]] void fail() {
  throw base::Error("broken");
}

}  // namespace

TEST_CASE("neither half of the work is left out") {
  std::atomic<int> done = 0;
  base::run_both([&] { done += 1; }, [&] { done += 2; });
  CHECK(done == 3);
}

TEST_CASE("a half that fails is reported, and the other one does not go on for ever") {
  CHECK(message_of([] { base::run_both(fail, wait_to_be_stopped); }) == "broken");
  CHECK(message_of([] { base::run_both(wait_to_be_stopped, fail); }) == "broken");
}

TEST_CASE("a thread that ran half of the work is not stopped afterwards") {
  CHECK(message_of([] { base::run_both(wait_to_be_stopped, fail); }) == "broken");
  base::throw_if_cancelled();
}
