#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "http/support/client_fixture.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using base::cat;
using Cause = http::TransportError::Cause;

TEST_CASE("status, headers and body of an answer arrive unchanged") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.reply(203, {"X-One: first", "x-one: second", "Content-Encoding: gzip"}, "as it is");
  });
  ClientFixture fixture;
  http::Request request = ClientFixture::request(server, "/path/../x?q=1");
  request.headers = {"Accept: text/plain"};
  request.decode = false;
  request.authorization = base::Secret("Basic abc");
  http::Response response = fixture.client.send(request);
  CHECK(response.status == 203);
  CHECK(response.headers.get("X-ONE") == "first");
  CHECK(response.headers.all("x-one") == std::vector<std::string>{"first", "second"});
  CHECK_FALSE(response.headers.get("absent"));
  CHECK(ClientFixture::text(response) == "as it is");

  const LoopbackServer::Seen seen = server.seen().at(0);
  CHECK(seen.target == "/path/../x?q=1");
  CHECK(seen.headers.at("accept") == "text/plain");
  CHECK(seen.headers.at("authorization") == "Basic abc");
  CHECK(seen.headers.at("accept-encoding") == "identity");
  CHECK(seen.headers.at("user-agent").starts_with("rootfs-git-resource/"));
}

TEST_CASE("what a proxy packed unasked arrives unpacked, and what is stored packed as it is") {
  using namespace std::string_literals;
  const std::string packed =
      "\037\213\010\000\000\000\000\000\002\003\053\317\057\112\051\126\310\117"
      "\123\110\317\054\001\000\072\316\127\027\014\000\000\000"s;
  LoopbackServer server(
      [&](Exchange& exchange) { exchange.reply(200, {"Content-Encoding: gzip"}, packed); });
  ClientFixture fixture;
  http::Request request = ClientFixture::request(server, "/");
  http::Response unpacked = fixture.client.send(request);
  CHECK(ClientFixture::text(unpacked) == "words of git");
  request.decode = false;
  http::Response as_it_is = fixture.client.send(request);
  CHECK(ClientFixture::text(as_it_is) == packed);
  CHECK(server.seen().at(1).headers.at("accept-encoding") == "identity");
}

TEST_CASE("a label that is no coding does not keep the bytes from being read") {
  LoopbackServer server(
      [](Exchange& exchange) { exchange.reply(403, {"Content-Encoding: utf-8"}, "as it is"); });
  ClientFixture fixture;
  http::Response response = fixture.client.send(ClientFixture::request(server, "/"));
  CHECK(response.status == 403);
  CHECK(ClientFixture::text(response) == "as it is");
}

TEST_CASE("an interim answer is not taken for the final one") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    exchange.reply(200, {"X: y"}, "final");
  });
  ClientFixture fixture;
  http::Response response = fixture.client.send(ClientFixture::request(server, "/"));
  CHECK(response.status == 200);
  CHECK_FALSE(response.headers.get("Link"));
  CHECK(ClientFixture::text(response) == "final");
}

TEST_CASE("a redirect is reported, not followed") {
  LoopbackServer server(
      [](Exchange& exchange) { exchange.reply(307, {"Location: /elsewhere"}, ""); });
  ClientFixture fixture;
  CHECK(fixture.client.send(ClientFixture::request(server, "/")).status == 307);
  CHECK(server.lines() == std::vector<std::string>{"GET /"});
}

TEST_CASE("HEAD has headers and no body, and the connection stays usable") {
  LoopbackServer server([](Exchange& exchange) { exchange.reply(200, {"X: y"}, "12345"); });
  ClientFixture fixture;
  http::Response head = fixture.client.send(ClientFixture::request(server, "/", "HEAD"));
  CHECK(head.headers.get("Content-Length") == "5");
  CHECK(ClientFixture::text(head).empty());
  http::Response get = fixture.client.send(ClientFixture::request(server, "/"));
  CHECK(ClientFixture::text(get) == "12345");
}

TEST_CASE("a slow reader holds the server back instead of filling memory") {
  constexpr size_t total = 200U << 20U;
  std::atomic<size_t> sent = 0;
  LoopbackServer server([&](Exchange& exchange) {
    exchange.raw(cat("HTTP/1.1 200 OK\r\nContent-Length: ", total, "\r\n\r\n"));
    const std::string piece(1U << 20U, 'x');
    for (size_t i = 0; i < total / piece.size(); ++i) {
      exchange.raw(piece);
      sent += piece.size();
    }
  });
  ClientFixture fixture;
  http::Response large = fixture.client.send(ClientFixture::request(server, "/large"));
  std::string buffer(1000, '\0');
  REQUIRE(large.body->read(buffer) > 0);
  // Another transfer keeps libcurl going while nobody reads the first.
  LoopbackServer other([](Exchange& exchange) { exchange.reply(200, {}, "small"); });
  for (int i = 0; i < 50; ++i) {
    http::Response small = fixture.client.send(ClientFixture::request(other, "/"));
    CHECK(ClientFixture::text(small) == "small");
  }
  CHECK(sent < total / 4);
  size_t received = 1000;
  buffer.resize(100'000);
  while (const size_t count = large.body->read(buffer)) received += count;
  CHECK(received == total);
}

TEST_CASE("a body that breaks off is an error, not a short success") {
  const char* answer =
      GENERATE("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  CAPTURE(answer);
  LoopbackServer server([&](Exchange& exchange) { exchange.raw(answer); });
  ClientFixture fixture;
  http::Response response = fixture.client.send(ClientFixture::request(server, "/"));
  CHECK(ClientFixture::cause_of([&] { ClientFixture::text(response); }) == Cause::cut);
}

TEST_CASE("a server that falls silent is given up") {
  const bool with_headers = GENERATE(false, true);
  LoopbackServer server([&](Exchange& exchange) {
    if (with_headers) exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    exchange.wait_for_close();
  });
  ClientFixture fixture;
  http::Request request = ClientFixture::request(server, "/");
  request.stall_timeout = std::chrono::seconds(1);
  CHECK(ClientFixture::cause_of([&] {
          http::Response response = fixture.client.send(request);
          ClientFixture::text(response);
        }) == Cause::timeout);
}

TEST_CASE("an answer may begin late where that is allowed, and then not stop for as long") {
  const bool stops = GENERATE(false, true);
  LoopbackServer server([&](Exchange& exchange) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    exchange.raw(
        cat("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", stops ? "half" : "ten bytes."));
    exchange.wait_for_close();
  });
  ClientFixture fixture;
  http::Request request = ClientFixture::request(server, "/");
  request.stall_timeout = std::chrono::seconds(1);
  request.answer_timeout = std::chrono::seconds(60);
  http::Response response = fixture.client.send(request);
  if (!stops) {
    CHECK(ClientFixture::text(response) == "ten bytes.");
    return;
  }
  CHECK(ClientFixture::cause_of([&] { ClientFixture::text(response); }) == Cause::timeout);
}

TEST_CASE("a closed connection, a closed port and an unknown host are told apart") {
  ClientFixture fixture;
  http::Request request;
  {
    LoopbackServer server([](Exchange& exchange) { exchange.close(); });
    request = ClientFixture::request(server, "/?signature=secret");
    CHECK(ClientFixture::cause_of([&] { fixture.client.send(request); }) == Cause::cut);
  }
  try {
    fixture.client.send(request);
    FAIL("a closed port was connected to");
  } catch (const http::TransportError& error) {
    CHECK(error.cause() == Cause::connect);
    const std::string message = error.what();
    CHECK(message.find("Connection refused") != std::string::npos);
    CHECK(message.find(request.url.host_and_port()) != std::string::npos);
    CHECK(message.find("secret") == std::string::npos);
  }
  request.url = http::Url::parse("http://does-not-exist.invalid/");
  CHECK(ClientFixture::cause_of([&] { fixture.client.send(request); }) == Cause::resolve);
}

TEST_CASE("what is no HTTP is an error") {
  const char* answer =
      GENERATE("220 mail.example ESMTP\r\n", "\x16\x03\x01", "HTTP/1.1 abc\r\n\r\n");
  LoopbackServer server([&](Exchange& exchange) { exchange.raw(answer); });
  ClientFixture fixture;
  CHECK(ClientFixture::cause_of(
            [&] { fixture.client.send(ClientFixture::request(server, "/")); }) != std::nullopt);
}

TEST_CASE("a header line that is too long is not told as a lack of memory alone") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.raw(cat("HTTP/1.1 200 OK\r\nX: ", std::string(200'000, 'x'), "\r\n\r\n"));
  });
  ClientFixture fixture;
  CHECK(contains(message_of([&] { fixture.client.send(ClientFixture::request(server, "/")); }),
                 "header line"));
}

TEST_CASE("endless headers do not fill memory") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\n");
    const std::string field = cat("X: ", std::string(50'000, 'x'), "\r\n");
    for (int i = 0; i < 100; ++i) exchange.raw(field);
    exchange.wait_for_close();
  });
  ClientFixture fixture;
  CHECK_THROWS_AS(fixture.client.send(ClientFixture::request(server, "/")), base::Error);
}

TEST_CASE("a header or a credential cannot smuggle in a second header") {
  LoopbackServer server([](Exchange& exchange) { exchange.reply(200); });
  ClientFixture fixture;
  http::Request request = ClientFixture::request(server, "/");
  SECTION("header") {
    request.headers = {"X: y\r\nHost: other"};
  }
  SECTION("credential") {
    request.authorization = base::Secret("Bearer x\nHost: other");
  }
  CHECK_THROWS_AS(fixture.client.send(request), base::Error);
  CHECK(server.lines().empty());
}

TEST_CASE("a header field that goes on in the next line loses nothing") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.raw(
        "HTTP/1.1 401 No\r\nX-Folded: one,\r\n two,\r\n\tthree\r\n \r\nX-Last: z\r\n"
        "Content-Length: 2\r\n\r\nok");
  });
  ClientFixture fixture;
  http::Response response = fixture.client.send(ClientFixture::request(server, "/"));
  CHECK(response.headers.get("X-Folded") == "one, two, three");
  CHECK(response.headers.get("X-Last") == "z");
  CHECK(ClientFixture::text(response) == "ok");
}

TEST_CASE("a status line that is folded into a field does not take the fields before it away") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\nX-Kept: y\r\nX: a\r\n HTTP/1.1 300 b\r\n\r\n");
  });
  ClientFixture fixture;
  const http::Response response = fixture.client.send(ClientFixture::request(server, "/"));
  CHECK(response.headers.get("X-Kept") == "y");
}
