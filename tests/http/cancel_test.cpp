#include "base/cancel.hpp"

#include <csignal>

#include "http/support/client_fixture.hpp"
#include "support/catch.hpp"
#include "support/child_test.hpp"

// The signal flag belongs to the process, so a child is the one that is stopped.
TEST_CASE("waits for a silent server until it is stopped", "[.child]") {
  base::install_signal_handlers();
  ClientFixture fixture;
  PatternSource body(100);
  http::Request request;
  request.url = http::Url::parse(ChildTest::told());
  request.method = "POST";
  if (request.url.path == "/upload") request.body = &body;
  request.stall_timeout = std::chrono::seconds(20);
  int signal = 0;
  try {
    fixture.client.send(request);
  } catch (const base::Cancelled& cancelled) {
    signal = cancelled.signal();
  }
  CHECK(signal == SIGTERM);
}

TEST_CASE("a stop signal ends a wait for a silent server") {
  const std::string target = GENERATE("/", "/upload");
  std::atomic<bool> waiting = false;
  LoopbackServer server([&](Exchange& exchange) {
    waiting = true;
    exchange.wait_for_close();
  });
  ChildTest child("waits for a silent server until it is stopped", server.url(target));
  while (!waiting && !child.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  child.stop();
  CHECK(child.passed());
}
