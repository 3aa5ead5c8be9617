#include "base/text.hpp"
#include "registry/blob_source.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;

namespace {

const std::string content = "the bytes of a layer";
const oci::Descriptor descriptor{"", oci::Digest::of(content), content.size(), {}, "", {}, {}};

/// Reads a blob from a server that answers with `answer`.
std::string read_from(const std::string& answer) {
  FakeRegistry fake([&](Exchange& exchange) {
    exchange.raw(answer);
    return true;
  });
  registry::Client client = fake.client();
  return base::read_all(*client.open_blob(descriptor), 1U << 20U, "blob");
}

}  // namespace

TEST_CASE("a blob arrives as stored") {
  FakeRegistry fake;
  fake.add_blob(content, "");
  registry::Client client = fake.client();
  CHECK(base::read_all(*client.open_blob(descriptor), 1U << 20U, "blob") == content);
}

TEST_CASE("a blob of the wrong length is refused before it is read") {
  const std::string message =
      message_of([] { read_from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes"); });
  CHECK(contains(message, "offers 5 bytes, the manifest says 20"));
}

TEST_CASE("a damaged, short or endless blob is an error") {
  const std::string close = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
  CHECK(read_from(cat(close, "\r\n", content)) == content);
  CHECK(read_from(cat(close, "Content-Encoding: gzip\r\n\r\n", content)) == content);
  CHECK(contains(message_of([&] { read_from(cat(close, "\r\nTHE bytes of a layer")); }),
                 "does not match its digest"));
  CHECK(contains(message_of([&] { read_from(cat(close, "\r\nthe bytes")); }),
                 "ended after 9 of 20 bytes"));
  CHECK(contains(message_of([&] { read_from(cat(close, "\r\n", std::string(1U << 20U, 'x'))); }),
                 "is longer"));
  CHECK_THROWS_AS(read_from("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nthe bytes"),
                  http::TransportError);
}

TEST_CASE("a proxy that scans a layer before it gives the first byte is waited for") {
  using std::chrono::seconds;
  base::Log log(-1);
  registry::Patience patience;
  patience.sleep = [](std::chrono::milliseconds) {};
  registry::Retry retry(patience, log);
  retry.set_answered();
  std::vector<seconds> waited;
  const auto scan = [&](const http::Request& request) -> http::Response {
    waited.push_back(request.answer_timeout);
    if (waited.size() < 5) throw http::TransportError(http::TransportError::Cause::timeout, "slow");
    return {.status = 200, .headers = {}, .body = std::make_unique<base::MemorySource>(content)};
  };
  registry::BlobSource blob(scan, content.size(), "blob", retry);
  CHECK(base::read_all(blob, 1U << 20U, "blob") == content);
  // Longer is not waited: then it is as for everything else.
  CHECK(waited == std::vector{seconds(60), seconds(120), seconds(240), seconds(0), seconds(0)});
}

TEST_CASE("a layer's own address is used only when it is a public https one") {
  FakeRegistry fake;
  LoopbackServer elsewhere([](Exchange& exchange) { exchange.reply(200, {}, content); });
  oci::Descriptor foreign = descriptor;
  foreign.urls = {elsewhere.url("/layer")};
  CHECK(contains(message_of([&] { fake.client().open_blob(foreign); }), "not a public https URL"));
  CHECK(elsewhere.lines().empty());

  registry::Options options;
  options.insecure = registry::Insecure::yes;
  options.credentials = registry::Credentials{"user", base::Secret("password")};
  registry::Client client = fake.client(options);
  CHECK(base::read_all(*client.open_blob(foreign), 1U << 20U, "blob") == content);
  CHECK(elsewhere.seen().at(0).headers.count("authorization") == 0);
}

TEST_CASE("a layer's next address is tried when one does not have it") {
  FakeRegistry fake;
  LoopbackServer elsewhere([](Exchange& exchange) {
    if (exchange.target == "/there") return exchange.reply(200, {}, content);
    exchange.reply(404);
  });
  oci::Descriptor foreign = descriptor;
  foreign.urls = {"no url",
                  "ftp://127.0.0.1/x",
                  "https://127.0.0.1:1/closed",
                  elsewhere.url("/gone"),
                  elsewhere.url("/there"),
                  elsewhere.url("/never")};
  registry::Options options;
  options.insecure = registry::Insecure::yes;
  registry::Client client = fake.client(options);
  CHECK(base::read_all(*client.open_blob(foreign), 1U << 20U, "blob") == content);
  CHECK(elsewhere.lines() == std::vector<std::string>{"GET /gone", "GET /there"});

  foreign.urls = {elsewhere.url("/a"), elsewhere.url("/b")};
  CHECK(
      contains(message_of([&] { fake.client(options).open_blob(foreign); }), elsewhere.url("/b")));
}
