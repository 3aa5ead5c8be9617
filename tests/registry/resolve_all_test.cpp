#include <algorithm>
#include <atomic>
#include <thread>

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;
using Lines = std::vector<std::string>;

namespace {

Lines tags(size_t count) {
  Lines names;
  for (size_t i = 0; i < count; ++i) names.push_back(cat("tag-", i));
  return names;
}

/// A registry with all the tags, each its own document.
std::vector<std::optional<oci::Digest>> fill(FakeRegistry& fake, const Lines& names) {
  std::vector<std::optional<oci::Digest>> digests;
  for (const std::string& name : names) {
    digests.emplace_back(
        fake.add_manifest("{\"config\":{\"name\":\"" + name + "\"}}", "text/plain", name).digest);
  }
  return digests;
}

/// How often a request was made.
long count(FakeRegistry& fake, const std::string& line) {
  const Lines lines = fake.server().lines();
  return std::count(lines.begin(), lines.end(), line);
}

/// Holds requests up until four are on their way, or for so long that they are not to be.
struct Gathering {
  void join() {
    const int now = ++waiting;
    most = std::max(most.load(), now);
    if (now >= 4) together = true;
    for (int i = 0; i < 500 && !together; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    --waiting;
  }

  std::atomic<int> waiting{0};
  std::atomic<int> most{0};
  std::atomic<bool> together{false};
};

}  // namespace

TEST_CASE("many tags are resolved in order with one HEAD each") {
  FakeRegistry fake;
  const Lines names = tags(50);
  const auto digests = fill(fake, names);
  CHECK(fake.client().resolve_all(names) == digests);
  for (const std::string& name : names) {
    CHECK(count(fake, "HEAD /v2/some/image/manifests/" + name) == 1);
    CHECK(count(fake, "GET /v2/some/image/manifests/" + name) == 0);
  }
  CHECK(fake.client().resolve_all({}).empty());
}

TEST_CASE("requests for many tags travel together, but not all at once") {
  Gathering gathering;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.method == "HEAD" && !contains(exchange.target, "tag-0")) gathering.join();
    return false;
  });
  const Lines names = tags(30);
  const auto digests = fill(fake, names);
  CHECK(fake.client().resolve_all(names) == digests);
  CHECK(gathering.together);
  CHECK(gathering.most <= 8);
}

TEST_CASE("a tag that is kept back does not make those behind it slow") {
  Gathering gathering;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target.ends_with("/tag-1")) {
      exchange.reply(403);
      return true;
    }
    const bool has_two_digits =
        contains(exchange.target, "/tag-1") || contains(exchange.target, "/tag-2");
    if (exchange.method == "HEAD" && has_two_digits && !exchange.target.ends_with("/tag-2"))
      gathering.join();
    return false;
  });
  const Lines names = tags(30);
  auto digests = fill(fake, names);
  digests[1].reset();
  int told = 0;
  CHECK(fake.client().resolve_all(names, [&](const auto&) { ++told; }) == digests);
  CHECK(gathering.together);
  CHECK(told == 1);
}

TEST_CASE("a tag that went away has no digest and costs no second request") {
  FakeRegistry fake;
  const Lines names = tags(5);
  const auto digests = fill(fake, {names[0], names[1], names[3]});
  const auto found = fake.client().resolve_all(names);
  CHECK(found == std::vector<std::optional<oci::Digest>>{digests[0], digests[1], std::nullopt,
                                                         digests[2], std::nullopt});
  CHECK(count(fake, "GET /v2/some/image/manifests/tag-2") == 0);
}

TEST_CASE("a registry whose HEAD tells nothing is asked with GET") {
  FakeRegistry fake([](Exchange& exchange) {
    if (exchange.method != "HEAD") return false;
    exchange.reply(200, {"Content-Type: application/json"});
    return true;
  });
  const Lines names = tags(5);
  const auto digests = fill(fake, names);
  CHECK(fake.client().resolve_all(names) == digests);
}

TEST_CASE("one answer without a digest, a redirect or a cut does not spoil the others") {
  const std::string fault = GENERATE("no digest", "redirect", "cut", "500");
  CAPTURE(fault);
  std::atomic<bool> done{false};
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.method != "HEAD" || !contains(exchange.target, "/tag-3")) return false;
    if (fault == "redirect") {
      exchange.reply(307, {"Location: /v2/some/image/manifests/tag-4"});
      return true;
    }
    if (done.exchange(true)) return false;
    if (fault == "no digest") exchange.reply(200, {"Content-Type: application/json"});
    if (fault == "500") exchange.reply(500);
    if (fault == "cut") exchange.raw("HTTP/1.1 200 OK\r\nContent-Ty");
    return true;
  });
  const Lines names = tags(9);
  auto digests = fill(fake, names);
  if (fault == "redirect") digests[3] = digests[4];
  CHECK(fake.client().resolve_all(names) == digests);
}

TEST_CASE("a token that ends in between is renewed") {
  std::atomic<int> tokens{0};
  std::atomic<int> left{4};
  FakeRegistry* registry = nullptr;
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target.starts_with("/token")) {
      left = 4;
      exchange.reply(200, {}, cat(R"({"token":"t)", ++tokens, "\"}"));
      return true;
    }
    const bool good = exchange.header("authorization") == cat("Bearer t", tokens.load());
    if (good && left-- > 0) return false;
    exchange.reply(401, {cat("WWW-Authenticate: Bearer realm=\"", registry->server().url("/token"),
                             "\",service=\"here\"")});
    return true;
  });
  registry = &fake;
  const Lines names = tags(12);
  const auto digests = fill(fake, names);
  CHECK(fake.client().resolve_all(names) == digests);
  CHECK(tokens > 1);
}

TEST_CASE("a refusal of one tag is an error, not an absent tag") {
  FakeRegistry fake([](Exchange& exchange) {
    if (!contains(exchange.target, "/tag-3")) return false;
    exchange.reply(403, {}, R"({"errors":[{"code":"DENIED","message":"not this one"}]})");
    return true;
  });
  const Lines names = tags(6);
  fill(fake, names);
  const std::string error = message_of([&] { fake.client().resolve_all(names); });
  CHECK(contains(error, "tag-3"));
  CHECK(contains(error, "not this one"));
}
