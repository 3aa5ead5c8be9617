#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;
using Lines = std::vector<std::string>;

namespace {

const oci::Platform amd64{"linux", "amd64", ""};
constexpr const char* greeting = "GET /v2/";
constexpr const char* path = "/v2/some/image/manifests/latest";

}  // namespace

TEST_CASE("a registry that behaves is greeted once and asked once") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client().resolve("latest") == image.digest);
  CHECK(fake.server().lines() == Lines{greeting, cat("HEAD ", path)});
  const std::string accept = fake.server().seen().at(1).headers.at("accept");
  for (const char* type : {"vnd.oci.image.index.v1+json", "distribution.manifest.list.v2+json",
                           "vnd.oci.image.manifest.v1+json", "distribution.manifest.v2+json"}) {
    CHECK(contains(accept, type));
  }
  CHECK_FALSE(contains(accept, "distribution.manifest.v1"));
}

TEST_CASE("where HEAD does not tell, GET does, and HEAD is not tried again") {
  const std::string head =
      GENERATE("404", "405", "400", "501", "no digest", "bad digest", "no type", "no length");
  CAPTURE(head);
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.method != "HEAD") return false;
    const std::string digest = "Docker-Content-Digest: sha256:" + std::string(64, 'a');
    const std::string type = "Content-Type: application/json";
    if (head == "no digest")
      exchange.reply(200, {type});
    else if (head == "bad digest")
      exchange.reply(200, {type, "Docker-Content-Digest: sha256:x"});
    else if (head == "no type")
      exchange.reply(200, {digest});
    else if (head == "no length")
      exchange.raw(cat("HTTP/1.1 200 OK\r\n", type, "\r\n", digest, "\r\n\r\n"));
    else
      exchange.reply(std::stoi(head));
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.resolve("latest") == image.digest);
  CHECK(client.resolve("latest") == image.digest);
  CHECK(fake.server().lines() ==
        Lines{greeting, cat("HEAD ", path), cat("GET ", path), cat("GET ", path)});
}

TEST_CASE("an absent tag is no digest, and other failures are not taken for absence") {
  long status = 404;
  FakeRegistry fake([&](Exchange& exchange) {
    if (status == 404) return false;
    exchange.reply(static_cast<int>(status), {}, "out of order");
    return true;
  });
  registry::Client client = fake.client();
  CHECK_FALSE(client.resolve("latest"));
  for (const long other : {403L, 500L, 503L}) {
    status = other;
    try {
      client.resolve("latest");
      FAIL("was taken for an answer");
    } catch (const registry::StatusError& error) {
      CHECK(error.status() == other);
      CHECK(contains(error.what(), "out of order"));
    }
  }
}

TEST_CASE("a pull limit is reported with its figures and is not made worse") {
  FakeRegistry fake([&](Exchange& exchange) {
    exchange.reply(429, {"ratelimit-limit: 100;w=21600", "ratelimit-remaining: 0;w=21600"});
    return true;
  });
  registry::Options options;
  options.patience.on_pull_limit = registry::OnPullLimit::fail;
  const std::string message = message_of([&] { fake.client(options).resolve("latest"); });
  CHECK(contains(message, "100;w=21600"));
  CHECK(contains(message, "remaining 0"));
  CHECK(contains(message, "username and password"));
  CHECK(fake.server().lines().size() == 1);
}

TEST_CASE("a document is fetched with its type and digest") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  const registry::Document document = fake.client().fetch("latest");
  CHECK(document.digest == image.digest);
  CHECK(document.bytes.size() == image.size);
  CHECK(document.content_type == image.media_type);
  try {
    fake.client().fetch("absent");
    FAIL("was found");
  } catch (const registry::StatusError& error) {
    CHECK(error.status() == 404);
    CHECK(contains(error.what(), "manifest absent of 127.0.0.1"));
    CHECK(contains(error.what(), "never heard of it"));
  }
}

TEST_CASE("a document that is not the one its digest names is refused") {
  FakeRegistry fake([](Exchange& exchange) {
    exchange.reply(200, {"Content-Type: application/json"}, R"({"manifests":[]})");
    return true;
  });
  const std::string wanted = oci::Digest::of("something else").text();
  CHECK(contains(message_of([&] { fake.client().fetch(wanted); }), "does not match its digest"));
  CHECK(contains(message_of([&] { fake.client().resolve(wanted); }), "does not match its digest"));
}

TEST_CASE("what answers in the registry's place does not become a version") {
  const std::string page =
      GENERATE("<html>Please log in</html>", "", "{}", "[]", "null", "\x1b[2J");
  CAPTURE(page);
  FakeRegistry fake([&](Exchange& exchange) {
    exchange.reply(200, {"Content-Type: text/html"}, page);
    return true;
  });
  const std::string name = GENERATE(std::string("latest"), oci::Digest::of("it").text());
  const std::string message = message_of([&] { fake.client().fetch(name); });
  CAPTURE(message);
  CHECK(contains(message, cat("manifest ", name, " of 127.0.0.1")));
  CHECK(contains(message, "no manifest"));
  CHECK(message_of([&] { fake.client().resolve(name); }) == message);
  CHECK(message.find('\x1b') == std::string::npos);
}

TEST_CASE("an oversized manifest is refused") {
  FakeRegistry fake([&](Exchange& exchange) {
    exchange.reply(200, {}, std::string(4 * 1024 * 1024 + 1, ' '));
    return true;
  });
  CHECK(contains(message_of([&] { fake.client().fetch("latest"); }), "larger than the limit"));
}

TEST_CASE("a proxy that packs manifests unasked does not change what a tag means") {
  using namespace std::string_literals;
  const std::string manifest = R"({"schemaVersion":2})";
  const std::string packed =
      "\037\213\010\000\000\000\000\000\002\003\253\126\052\116\316\110\315\115\014"
      "\113\055\052\316\314\317\123\262\062\252\005\000\306\370\047\162\023\000\000\000"s;
  const bool whole = GENERATE(true, false);
  FakeRegistry fake([&](Exchange& exchange) {
    exchange.reply(200, {"Content-Encoding: gzip"}, whole ? packed : packed.substr(0, 20));
    return true;
  });
  const auto fetch = [&] { return fake.client().fetch("latest"); };
  if (!whole) {
    CHECK_THROWS_AS(fetch(), base::Error);
    return;
  }
  CHECK(fetch().bytes == manifest);
  CHECK(fetch().digest == oci::Digest::of(manifest));
}

TEST_CASE("a registry that finds nothing acceptable is asked less strictly") {
  FakeRegistry fake([](Exchange& exchange) {
    if (contains(exchange.header("accept"), "*/*")) return false;
    exchange.reply(406);
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client().fetch("latest").digest == image.digest);
}

TEST_CASE("a tag that is none does not become part of a request") {
  FakeRegistry fake;
  for (const char* tag : {"../../other/manifests/x", "a?b", "", "a b", "a\r\nb"}) {
    CAPTURE(tag);
    CHECK_THROWS_AS(fake.client().resolve(tag), base::Error);
    CHECK_THROWS_AS(fake.client().fetch(tag), base::Error);
  }
  CHECK(fake.server().lines().empty());
}

TEST_CASE("one HEAD that fails does not make a pull of every tag that follows") {
  const int status = GENERATE(500, 503);
  bool failed = false;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.method != "HEAD" || std::exchange(failed, true)) return false;
    exchange.reply(status);
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.resolve("latest") == image.digest);
  CHECK(client.resolve("latest") == image.digest);
  const std::string head = cat("HEAD ", path);
  CHECK(fake.server().lines() == Lines{greeting, head, greeting, head, head});
  CHECK(fake.naps.size() == 1);
}

TEST_CASE("a registry that never answers HEAD is asked with GET when patience ends") {
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.method != "HEAD") return false;
    exchange.reply(503);
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.resolve("latest") == image.digest);
  CHECK(fake.naps.size() == 5 + 5);  // The last requests are made with gaps.
  CHECK(client.resolve("latest") == image.digest);
  CHECK_FALSE(client.resolve("absent"));
  const Lines lines = fake.server().lines();
  CHECK(std::count(lines.begin(), lines.end(), cat("HEAD ", path)) == 6);
  CHECK(std::count(lines.begin(), lines.end(), cat("GET ", path)) == 2);
}

TEST_CASE("an answer to HEAD without a digest does not end what HEAD is good for elsewhere") {
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.method != "HEAD" || !contains(exchange.target, "odd")) return false;
    exchange.reply(200);
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  fake.add_image(amd64, "odd");
  registry::Client client = fake.client();
  for (const char* tag : {"latest", "odd", "latest"}) CHECK(client.resolve(tag) == image.digest);
  CHECK(fake.server().lines().back() == cat("HEAD ", path));
}
