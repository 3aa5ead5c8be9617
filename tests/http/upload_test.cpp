#include <future>
#include <utility>

#include "base/text.hpp"
#include "http/support/client_fixture.hpp"
#include "support/catch.hpp"

using base::cat;
using Cause = http::TransportError::Cause;

namespace {

constexpr uint64_t large = 64U << 20U;

std::string pattern(uint64_t size) {
  PatternSource source(size);
  return base::read_all(source, size, "pattern");
}

}  // namespace

TEST_CASE("a body of unknown size arrives whole and chunked") {
  const uint64_t size = GENERATE(0U, 1U, 100U, (1U << 20U) - 1, 1U << 20U, (5U << 20U) + 7);
  std::string received;
  LoopbackServer server([&](Exchange& exchange) {
    received = exchange.body();
    exchange.reply(200, {}, "thanks");
  });
  ClientFixture fixture;
  PatternSource body(size);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.headers = {"Content-Type: application/x-git-receive-pack-request"};
  request.body = &body;
  http::Response response = fixture.client.send(request);
  CHECK(response.status == 200);
  CHECK(ClientFixture::text(response) == "thanks");
  CHECK((received == pattern(size)));
  const LoopbackServer::Seen seen = server.seen().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.headers.at("transfer-encoding") == "chunked");
  CHECK(seen.headers.at("content-type") == "application/x-git-receive-pack-request");
  CHECK(seen.headers.count("content-length") == 0);
  CHECK(seen.headers.count("expect") == 0);
}

TEST_CASE("a body of known size is sent with its length") {
  const uint64_t size = GENERATE(0U, 100U, 3U << 20U);
  std::string received;
  LoopbackServer server([&](Exchange& exchange) {
    received = exchange.body();
    exchange.reply(201);
  });
  ClientFixture fixture;
  PatternSource body(size);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.body = &body;
  request.body_size = size;
  CHECK(fixture.client.send(request).status == 201);
  CHECK((received == pattern(size)));
  CHECK(server.seen().at(0).headers.at("content-length") == std::to_string(size));
  CHECK(server.seen().at(0).headers.count("transfer-encoding") == 0);
}

TEST_CASE("an early refusal ends the upload and is not lost") {
  const bool linger = GENERATE(true, false);
  const bool closes = GENERATE(true, false);
  const bool sized = GENERATE(true, false);
  CAPTURE(linger, closes, sized);
  std::future<void> read;
  LoopbackServer server([&](Exchange& exchange) {
    exchange.reply(413, {closes ? "Connection: close" : "X: y"}, "too large for us");
    // What is not read when a connection is closed resets it, and a client that is sending just
    // then never sees the answer: TCP has no more to give.
    if (linger) {
      exchange.wait_for_close();
    } else {
      read.wait();
    }
    exchange.close();
  });
  std::promise<void> reading;  // Goes before the server, which so never waits in vain.
  read = reading.get_future();
  ClientFixture fixture;
  PatternSource body(large);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.stall_timeout = std::chrono::seconds(10);
  request.body = &body;
  if (sized) request.body_size = large;
  http::Response response = fixture.client.send(request);
  CHECK(response.status == 413);
  CHECK(ClientFixture::text(response) == "too large for us");
  CHECK(body.given() < large);
  reading.set_value();

  // What is left of that connection must not harm the next request.
  LoopbackServer healthy([](Exchange& exchange) { exchange.reply(200, {}, "fine"); });
  http::Response next = fixture.client.send(ClientFixture::request(healthy, "/"));
  CHECK(ClientFixture::text(next) == "fine");
}

TEST_CASE("an early success does not cut the upload short") {
  std::string received;
  LoopbackServer server([&](Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nearly ");
    received = exchange.body();
    exchange.raw("late");
  });
  ClientFixture fixture;
  PatternSource body(large);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.body = &body;
  http::Response response = fixture.client.send(request);
  CHECK(response.status == 200);
  CHECK(ClientFixture::text(response) == "early late");
  CHECK((received == pattern(large)));
}

TEST_CASE("a connection cut in the middle of an upload is an error") {
  LoopbackServer server([](Exchange& exchange) { exchange.close(); });
  ClientFixture fixture;
  PatternSource body(large);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.body = &body;
  CHECK(ClientFixture::cause_of([&] { fixture.client.send(request); }) == Cause::cut);
}

TEST_CASE("a server that stops taking bytes is given up") {
  std::atomic<bool> done = false;
  LoopbackServer server([&](Exchange&) {
    while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  ClientFixture fixture;
  PatternSource body(large);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.body = &body;
  request.stall_timeout = std::chrono::seconds(1);
  CHECK(ClientFixture::cause_of([&] { fixture.client.send(request); }) == Cause::timeout);
  done = true;
}

TEST_CASE("an error of the body's source reaches the caller with its type") {
  struct OutOfDisk : base::Error {
    using base::Error::Error;
  };
  class Failing : public base::ByteSource {
   public:
    size_t read(std::span<char> buffer) override {
      if (++calls_ > 2) throw OutOfDisk("no more");
      return buffer.size();
    }

   private:
    int calls_ = 0;
  };
  LoopbackServer server([](Exchange& exchange) { exchange.wait_for_close(); });
  ClientFixture fixture;
  Failing body;
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.body = &body;
  CHECK_THROWS_AS(fixture.client.send(request), OutOfDisk);
}

TEST_CASE("a body shorter than its announced length is an error, a longer one is not sent on") {
  ClientFixture fixture;
  LoopbackServer left_waiting([](Exchange& exchange) { exchange.body(); });
  PatternSource body(100);
  http::Request request = ClientFixture::request(left_waiting, "/", "POST");
  request.body = &body;
  request.body_size = 101;
  CHECK_THROWS_AS(fixture.client.send(request), base::Error);
  std::string received;
  LoopbackServer server([&](Exchange& exchange) {
    received = exchange.body();
    exchange.reply(200);
  });
  PatternSource longer(100);
  request = ClientFixture::request(server, "/", "POST");
  request.body = &longer;
  request.body_size = 99;
  CHECK(fixture.client.send(request).status == 200);
  CHECK((received == pattern(99)));
}

TEST_CASE("a kept connection that died is replaced without losing a small body") {
  std::string received;
  LoopbackServer server([&](Exchange& exchange) {
    received = exchange.body();
    exchange.reply(200);
    if (exchange.method == "GET") exchange.close();  // Without saying so.
  });
  ClientFixture fixture;
  http::Response first = fixture.client.send(ClientFixture::request(server, "/"));
  ClientFixture::text(first);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.content = base::Secret(pattern(60'000));
  CHECK(fixture.client.send(request).status == 200);
  CHECK((received == pattern(60'000)));
}

TEST_CASE("a large body does not break off on a connection that the server is just closing") {
  std::string received;
  LoopbackServer server([&](Exchange& exchange) {
    thread_local bool used = false;  // Each connection has a thread of its own.
    if (std::exchange(used, true)) return exchange.close();
    received = exchange.body();
    exchange.reply(200);
  });
  ClientFixture fixture;
  http::Response first = fixture.client.send(ClientFixture::request(server, "/"));
  ClientFixture::text(first);
  PatternSource body(5U << 20U);
  http::Request request = ClientFixture::request(server, "/", "POST");
  request.body = &body;
  CHECK(fixture.client.send(request).status == 200);
  CHECK((received == pattern(5U << 20U)));
}
