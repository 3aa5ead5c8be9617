#include <algorithm>
#include <atomic>

#include "base/cancel.hpp"
#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/child_test.hpp"

using base::cat;

namespace {

constexpr size_t blob_size = 5 * 1024 * 1024 + 123;

const std::string& content() {
  static const std::string bytes = [] {
    std::string text(blob_size, '\0');
    for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>((i * i + i / 251) % 256);
    return text;
  }();
  return bytes;
}

oci::Descriptor descriptor() {
  return {"", oci::Digest::of(content()), content().size(), {}, "", {}, {}};
}

/// A store that closes the connection after `limit` bytes of each answer.
struct CuttingStore {
  std::atomic<size_t> limit = 1536 * 1024;
  bool knows_range = true;
  size_t part = blob_size;  ///< What a range is given of at most.
  size_t refuse_range = 0;  ///< So many range requests are answered 416.
  size_t fail = 0;          ///< So many later requests are answered with fail_status.
  int fail_status = 503;
  std::string content_range{};  ///< Instead of the right one.
  std::string other{};          ///< What parts are cut from instead of the content.
  std::atomic<size_t> given{0};
  std::vector<std::string> ranges{};  ///< "" for none.

  void serve(Exchange& exchange) {
    const std::string range = exchange.header("range");
    ranges.push_back(range);
    if (ranges.size() > 1 && fail > 0) {
      --fail;
      exchange.reply(fail_status, {}, "broken");
      return;
    }
    if (!range.empty() && refuse_range > 0) {
      --refuse_range;
      exchange.reply(416);
      return;
    }
    const bool partial = knows_range && !range.empty();
    const size_t first = partial ? std::stoul(range.substr(6)) : 0;
    const std::string& bytes = partial && !other.empty() ? other : content();
    const size_t end = partial ? std::min(first + part, bytes.size()) : bytes.size();
    std::string head = partial ? "HTTP/1.1 206 Part\r\n" : "HTTP/1.1 200 OK\r\n";
    if (partial) {
      head += cat("Content-Range: ",
                  content_range.empty() ? cat("bytes ", first, "-", end - 1, "/", bytes.size())
                                        : content_range,
                  "\r\n");
    }
    head += cat("Content-Length: ", end - first, "\r\n\r\n");
    const size_t count = std::min<size_t>(limit, end - first);
    given += count;
    exchange.raw(cat(head, std::string_view(bytes).substr(first, count)));
  }
};

struct Fixture {
  CuttingStore store;
  FakeRegistry fake{[this](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    store.serve(exchange);
    return true;
  }};

  std::string read() {
    registry::Client client = fake.client();
    return base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob");
  }
};

}  // namespace

TEST_CASE("a registry that cuts every connection is pulled from, each byte once") {
  Fixture fixture;
  CHECK(fixture.read() == content());
  CHECK(fixture.store.ranges ==
        std::vector<std::string>{"", "bytes=1572864-", "bytes=3145728-", "bytes=4718592-"});
  CHECK(fixture.store.given == blob_size);
  // Progress needs no waiting.
  for (const auto nap : fixture.fake.naps) CHECK(nap.count() == 0);
}

TEST_CASE("a log stays readable where a registry gives only a little each time") {
  Fixture fixture;
  fixture.store.limit = 64 * 1024;
  CapturedLog log;
  registry::Options options;
  options.patience.sleep = [](std::chrono::milliseconds) {};
  registry::Client client(fixture.fake.reference(), options, log);
  CHECK(base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob") == content());
  const std::string text = log.text();
  CHECK(fixture.store.ranges.size() > 60);
  CHECK(std::count(text.begin(), text.end(), '\n') < 10);
  CHECK(contains(text, "(resumed 1 time so far)"));
  CHECK(contains(text, "(resumed 3 times so far)"));
}

TEST_CASE("nobody is kept waiting by a registry without a word of why") {
  CuttingStore store;
  int asked = 0;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    if (++asked == 4) {
      exchange.reply(429, {"Retry-After: 600"});
    } else {
      store.serve(exchange);
    }
    return true;
  });
  CapturedLog log;
  registry::Options options;
  options.patience.sleep = [](std::chrono::milliseconds) {};
  options.patience.on_pull_limit = registry::OnPullLimit::wait;
  registry::Client client(fake.reference(), options, log);
  CHECK(base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob") == content());
  CHECK(contains(log.text(), "rate limit"));
}

TEST_CASE("resuming asks the registry again and not where it redirected to") {
  CuttingStore store;
  LoopbackServer elsewhere([&](Exchange& exchange) { store.serve(exchange); });
  int asked = 0;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    exchange.reply(307, {cat("Location: ", elsewhere.url(cat("/signed/", ++asked)))});
    return true;
  });
  registry::Client client = fake.client();
  CHECK(base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob") == content());
  CHECK(elsewhere.lines() == std::vector<std::string>{"GET /signed/1", "GET /signed/2",
                                                      "GET /signed/3", "GET /signed/4"});
  CHECK(store.given == blob_size);
}

TEST_CASE("a server that does not know Range is read from the start and skipped forward") {
  Fixture fixture;
  fixture.store.knows_range = false;
  SECTION("when it gives more each time") {
    fixture.store.limit = fixture.store.limit / 2;
    FakeRegistry fake([&](Exchange& exchange) {
      if (exchange.target == "/v2/") return false;
      // Before: the client is back as soon as it has its answer.
      fixture.store.limit = fixture.store.limit * 2;
      fixture.store.serve(exchange);
      return true;
    });
    registry::Client client = fake.client();
    CHECK(base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob") == content());
  }
  SECTION("and is given up when it never gets further") {
    const std::string message = message_of([&] { fixture.read(); });
    CHECK(contains(message, "after 6 attempts"));
    CHECK(contains(message, "blob sha256:"));
  }
}

TEST_CASE("a refused range is followed by a request without one") {
  Fixture fixture;
  fixture.store.limit = 4 * 1024 * 1024;
  fixture.store.refuse_range = 1;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    fixture.store.serve(exchange);
    fixture.store.limit = blob_size;
    return true;
  });
  registry::Client client = fake.client();
  CHECK(base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob") == content());
  CHECK(fixture.store.ranges == std::vector<std::string>{"", "bytes=4194304-", ""});
}

TEST_CASE("a part that starts elsewhere is not mixed in") {
  Fixture fixture;
  fixture.store.content_range = GENERATE(
      as<std::string>(), "bytes 0-1/2", "bytes 1572865-5243002/5243003",
      "bytes 1572864-5243002/9999999", "bytes */5243003", "1572864-", "bytes x-y/z", "none");
  CAPTURE(fixture.store.content_range);
  const std::string message = message_of([&] { fixture.read(); });
  CHECK(contains(message, "asked to go on from byte 1,572,864 of 5,243,003"));
}

TEST_CASE("failures in mid-blob are waited out") {
  Fixture fixture;
  fixture.store.fail_status = GENERATE(429, 500, 503);
  fixture.store.fail = 4;
  CHECK(fixture.read() == content());
  CHECK(fixture.store.given == blob_size);
  CHECK(std::count_if(fixture.fake.naps.begin(), fixture.fake.naps.end(),
                      [](auto nap) { return nap.count() > 0; }) == 4);
}

TEST_CASE("no access in mid-blob is final") {
  Fixture fixture;
  fixture.store.fail_status = GENERATE(403, 404);
  fixture.store.fail = 1;
  CHECK_THROWS_AS(fixture.read(), registry::StatusError);
}

TEST_CASE("wrong bytes behind a resume are found, and the error says what happened") {
  Fixture fixture;
  fixture.store.other = content();
  fixture.store.other[3 * 1024 * 1024] ^= 1;
  const std::string message = message_of([&] { fixture.read(); });
  CHECK(contains(message, "put together from 4 answers"));
  CHECK(contains(message, "does not match its digest"));
}

TEST_CASE("a connection that breaks behind the last byte has given all") {
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    // The end of the chunked body never comes.
    exchange.raw(cat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50007b\r\n", content()));
    return true;
  });
  registry::Client client = fake.client();
  CHECK(base::read_all(*client.open_blob(descriptor()), 1U << 24U, "blob") == content());
  CHECK(fake.naps.empty());
}

// The signal flag belongs to the process, so a child is the one that is stopped.
TEST_CASE("waits for a busy registry until it is stopped", "[.child]") {
  base::install_signal_handlers();
  base::Log log(-1);
  registry::Client client(oci::Reference::parse(ChildTest::told()), {}, log);
  REQUIRE_THROWS_AS(client.fetch("latest"), base::Cancelled);
}

TEST_CASE("waiting for a registry ends with the program") {
  std::atomic<bool> refused = false;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    exchange.reply(503, {"Retry-After: 300"});
    refused = true;
    return true;
  });
  ChildTest child("waits for a busy registry until it is stopped", fake.reference().name());
  while (!refused && !child.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  child.stop();
  CHECK(child.passed());
}

TEST_CASE("a part that ends before the blob does is gone on from, not an error") {
  Fixture fixture;
  fixture.store.part = 1024 * 1024;
  CHECK(fixture.read() == content());
  CHECK(fixture.store.ranges == std::vector<std::string>{"", "bytes=1572864-", "bytes=2621440-",
                                                         "bytes=3670016-", "bytes=4718592-"});
  for (const auto nap : fixture.fake.naps) CHECK(nap.count() == 0);
}

TEST_CASE("a part whose length is not that of its range is refused") {
  Fixture fixture;
  fixture.store.content_range =
      GENERATE(as<std::string>(), "bytes 1572864-5243001/5243003", "bytes 1572864-1572863/5243003",
               "bytes 1572864-5243003/5243003", "bytes 1572864-5243003/*");
  CAPTURE(fixture.store.content_range);
  CHECK_FALSE(message_of([&] { fixture.read(); }).empty());
  CHECK(fixture.store.ranges.size() == 2);
}
