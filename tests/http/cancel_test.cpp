#include "base/cancel.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "http/support/client_fixture.hpp"
#include "support/catch.hpp"

// The signal flag belongs to the process, so a child is the one that is stopped.
TEST_CASE("a stop signal ends a wait for a silent server") {
  const bool uploading = GENERATE(false, true);
  std::atomic<bool> waiting = false;
  LoopbackServer server([&](Exchange& exchange) {
    waiting = true;
    exchange.wait_for_close();
  });
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int outcome = 1;
    try {
      base::install_signal_handlers();
      ClientFixture fixture;
      PatternSource body(100);
      http::Request request = ClientFixture::request(server, "/", "POST");
      if (uploading) request.body = &body;
      request.stall_timeout = std::chrono::seconds(20);
      fixture.client.send(request);
    } catch (const base::Cancelled& cancelled) {
      outcome = cancelled.signal() == SIGTERM ? 42 : 2;
    } catch (const std::exception&) {
      outcome = 3;
    }
    _exit(outcome);
  }
  while (!waiting) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  kill(child, SIGTERM);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}
