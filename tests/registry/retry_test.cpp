#include "registry/retry.hpp"

#include <atomic>

#include "base/text.hpp"
#include "registry/status.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"

using base::cat;
using registry::next_delay;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;
using Naps = std::vector<milliseconds>;

namespace {

const oci::Platform amd64{"linux", "amd64", ""};

/// Answers the requests at these places (from 0) with `status` and lets the others pass.
struct FailAt {
  std::vector<int> places;
  int status;
  std::vector<std::string> headers{};
  std::string body = "calm down";
  std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>(0);

  bool operator()(Exchange& exchange) const {
    const int place = (*count)++;
    for (const int failing : places) {
      if (failing != place) continue;
      exchange.reply(status, headers, body);
      return true;
    }
    return false;
  }
};

std::vector<int> always() {
  std::vector<int> places(100);
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int>(i);
  return places;
}

}  // namespace

TEST_CASE("waits grow, end at five minutes and are spread by chance") {
  struct Case {
    int attempt;
    int retry_after;  // -1: none
    double random;
    int64_t milliseconds;
  };
  for (const Case& row : std::vector<Case>{
           {0, -1, 0.9, 0},
           {1, -1, 0.0, 500},
           {1, -1, 1.0, 1000},
           {2, -1, 0.0, 1000},
           {3, -1, 1.0, 4000},
           {6, -1, 0.5, 24'000},
           {9, -1, 1.0, 256'000},
           {10, -1, 1.0, 300'000},
           {1000, -1, 0.0, 150'000},
           {1, 0, 1.0, 1000},
           {1, 7, 1.0, 7000},
           {0, 7, 1.0, 7000},
           {4, 1, 1.0, 8000},
           {1, 300, 0.0, 300'000},
           {1, 86'400, 0.0, 300'000},
       }) {
    CAPTURE(row.attempt, row.retry_after, row.random);
    std::optional<seconds> retry_after;
    if (row.retry_after >= 0) retry_after = seconds(row.retry_after);
    CHECK(next_delay(row.attempt, retry_after, row.random).count() == row.milliseconds);
  }
}

TEST_CASE("what a second request may change is asked again, what it cannot is not") {
  for (const long status : {408, 425, 429, 499, 500, 502, 503, 504, 520, 522, 524}) {
    CAPTURE(status);
    CHECK(registry::may_pass(registry::StatusError(status, "", {})));
  }
  for (const long status : {400, 401, 403, 404, 405, 406, 410, 416, 418, 501, 519, 525}) {
    CAPTURE(status);
    CHECK_FALSE(registry::may_pass(registry::StatusError(status, "", {})));
  }
  using Cause = http::TransportError::Cause;
  for (const Cause cause :
       {Cause::resolve, Cause::connect, Cause::tls, Cause::timeout, Cause::cut}) {
    CHECK(registry::may_pass(http::TransportError(cause, "")));
  }
  for (const Cause cause :
       {Cause::proxy_refusal, Cause::tls_certificate, Cause::no_tls, Cause::other}) {
    CHECK_FALSE(registry::may_pass(http::TransportError(cause, "")));
  }
}

TEST_CASE("a document that is refused for the moment is asked for again from the greeting on") {
  // The sequence of registry-image-resource's own test of 429.
  FakeRegistry fake(FailAt{{0, 1, 3, 6}, 429});
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  const registry::Image read = client.fetch_image(image.digest, amd64);
  const std::string manifest = cat("GET /v2/some/image/manifests/", image.digest.text());
  const std::string config = cat("GET /v2/some/image/blobs/", read.manifest.config.digest.text());
  const std::string greeting = "GET /v2/";
  CHECK(fake.server().lines() == Lines{greeting, greeting, greeting, manifest, greeting, manifest,
                                       config, greeting, manifest, config});
  // The last attempt is made with gaps.
  CHECK(fake.naps == Naps{milliseconds(750), milliseconds(1500), milliseconds(3000),
                          milliseconds(6000), milliseconds(250), milliseconds(250)});
}

TEST_CASE("a registry that refuses requests in quick succession is asked more slowly") {
  const int status = GENERATE(429, 503);
  const bool with_index = GENERATE(false, true);
  CAPTURE(status, with_index);
  // As nginx's limit_req without a burst: two a second, and what is refused does not count.
  std::atomic<size_t> naps_before = 0;
  FakeRegistry* registry = nullptr;
  FakeRegistry fake([&](Exchange& exchange) {
    milliseconds idle{0};
    for (size_t i = naps_before; i < registry->naps.size(); ++i) idle += registry->naps[i];
    if (naps_before > 0 && idle < milliseconds(500)) {
      exchange.reply(status);
      return true;
    }
    naps_before = registry->naps.size();
    return false;
  });
  registry = &fake;
  fake.naps.emplace_back(0);
  oci::Descriptor image = fake.add_image(amd64, "latest");
  if (with_index) image = fake.add_index({image}, "latest");
  registry::Client client = fake.client();
  CHECK(client.resolve("latest") == image.digest);
  CHECK_FALSE(client.fetch_image(image.digest, amd64).manifest.layers.empty());
}

TEST_CASE("each failure that may pass is waited out") {
  const int status = GENERATE(408, 429, 500, 502, 503, 504, 522);
  CAPTURE(status);
  FakeRegistry fake(FailAt{{1}, status, {"Retry-After: 17"}});
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client().fetch("latest").digest == image.digest);
  CHECK(fake.naps == Naps{seconds(17)});
}

TEST_CASE("final refusals are not asked again") {
  const int status = GENERATE(400, 403, 404, 410);
  CAPTURE(status);
  FakeRegistry fake(FailAt{{1, 2, 3}, status});
  fake.add_image(amd64, "latest");
  CHECK_THROWS_AS(fake.client().fetch("latest"), registry::StatusError);
  CHECK(fake.naps.empty());
}

TEST_CASE("patience ends, and the error says after how many attempts") {
  const bool limited = GENERATE(true, false);
  FakeRegistry fake(FailAt{always(), limited ? 429 : 503});
  const std::string message = message_of([&] { fake.client().fetch("latest"); });
  CHECK(contains(message, limited ? "after 14 attempts" : "after 6 attempts"));
  CHECK(contains(message, "calm down"));
  // Where the greeting passes, the last four attempts are made with gaps.
  CHECK(fake.naps.size() == (limited ? 13 : 5 + 4));
}

TEST_CASE("a pull limit ends check at once and keeps get waiting") {
  const std::string way = GENERATE("header", "words", "code");
  CAPTURE(way);
  FailAt failure{{1}, 429};
  if (way == "header") failure.headers = {"ratelimit-limit: 100;w=21600", "ratelimit-remaining: 0"};
  if (way == "words") failure.body = "You have reached your pull rate limit.";
  if (way == "code") failure.body = R"({"errors":[{"code":"TOOMANYREQUESTS","message":"no"}]})";
  const auto on_limit = GENERATE(registry::OnPullLimit::fail, registry::OnPullLimit::wait);
  FakeRegistry fake(failure);
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Options options;
  options.patience.on_pull_limit = on_limit;
  if (on_limit == registry::OnPullLimit::fail) {
    const std::string message = message_of([&] { fake.client(options).fetch("latest"); });
    CHECK(contains(message, "rate limit is reached"));
    CHECK(contains(message, "username and password"));
    CHECK(fake.naps.empty());
  } else {
    CHECK(fake.client(options).resolve("latest") == image.digest);
    CHECK(fake.naps.size() == 1);
  }
}

TEST_CASE("a registry that wants to be left alone for long is not waited for in vain") {
  const auto [on_limit, asked] = GENERATE(table<registry::OnPullLimit, const char*>(
      {{registry::OnPullLimit::fail, "61"}, {registry::OnPullLimit::wait, "3601"}}));
  const int status = GENERATE(429, 503);
  CAPTURE(asked, status);
  FakeRegistry fake(FailAt{always(), status, {cat("Retry-After: ", asked)}});
  registry::Options options;
  options.patience.on_pull_limit = on_limit;
  CHECK(contains(message_of([&] { fake.client(options).fetch("latest"); }), "calm down"));
  CHECK(fake.naps.empty());
}

TEST_CASE("how long a registry wants to be left alone has a unit, unless it is a date") {
  const auto [asked, told] = GENERATE(table<const char*, const char*>(
      {{"7200", "retry after 7200 s;"},
       {"Wed, 21 Oct 2099 07:28:00 GMT", "retry after Wed, 21 Oct 2099 07:28:00 GMT;"}}));
  FakeRegistry fake(FailAt{always(), 429, {cat("Retry-After: ", asked)}});
  CHECK(contains(message_of([&] { fake.client().fetch("latest"); }), told));
}

TEST_CASE("a mirror is not recommended where none can be set") {
  const auto message = [](const std::string& host, registry::Login login) {
    http::Response response;
    response.url = http::Url::parse(base::cat("https://", host, "/v2/a/manifests/b"));
    response.status = 429;
    response.body = std::make_unique<base::MemorySource>("");
    return std::string(registry::make_status_error(response, login).what());
  };
  for (const auto login : {registry::Login::none, registry::Login::password}) {
    CHECK(contains(message("registry-1.docker.io", login), "registry_mirror"));
    CHECK_FALSE(contains(message("ghcr.io", login), "mirror"));
    CHECK_FALSE(contains(message("mirror.example.com", login), "registry_mirror"));
  }
}

TEST_CASE("too much for a moment is waited for in check too") {
  FakeRegistry fake(FailAt{{1},
                           429,
                           {"Retry-After: 2"},
                           R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]})"});
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Options options;
  options.patience.on_pull_limit = registry::OnPullLimit::fail;
  CHECK(fake.client(options).resolve("latest") == image.digest);
}

TEST_CASE("where another registry comes next, nothing is waited for") {
  FakeRegistry fake(FailAt{always(), 503});
  registry::Options options;
  options.patience.fallback = registry::Fallback::yes;
  CHECK_THROWS_AS(fake.client(options).resolve("latest"), registry::StatusError);
  CHECK(fake.naps.empty());
}

TEST_CASE("only where no other registry comes next, one refused image does not stand for all") {
  FakeRegistry fake;
  registry::Options mirror;
  mirror.patience.fallback = registry::Fallback::yes;
  for (const long status : {401, 403, 412, 451}) {
    CHECK(fake.client().may_withhold({status, "", {}}));
    CHECK_FALSE(fake.client(mirror).may_withhold({status, "", {}}));
  }
  for (const long status : {404, 429, 500, 503}) {
    CHECK_FALSE(fake.client().may_withhold({status, "", {}}));
  }
}

TEST_CASE("a registry that never answered is given up sooner than one that did") {
  const bool answers_first = GENERATE(true, false);
  FakeRegistry fake([&](Exchange& exchange) {
    if (answers_first && exchange.target == "/v2/") return false;
    exchange.close();
    return true;
  });
  const std::string message = message_of([&] { fake.client().fetch("latest"); });
  CHECK(contains(message, answers_first ? "after 6 attempts" : "after 3 attempts"));
  CHECK(fake.naps.size() == (answers_first ? 5 : 2));
}

TEST_CASE("HEAD that once gave a digest is believed when it says not found") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.resolve("latest") == image.digest);
  CHECK_FALSE(client.resolve("absent"));
  CHECK(fake.server().lines() == Lines{"GET /v2/", "HEAD /v2/some/image/manifests/latest",
                                       "HEAD /v2/some/image/manifests/absent"});
}

TEST_CASE("a registry without TLS is not asked again, and the remedy is one that exists") {
  LoopbackServer proxy([](Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const Environment proxied("https_proxy", proxy.url(""));
  const Environment excluded("no_proxy", "");
  const bool named = GENERATE(false, true);
  registry::Options options;
  if (named) options.scheme = "https";
  int naps = 0;
  options.patience.sleep = [&](milliseconds) { ++naps; };
  base::Log log(-1);
  registry::Client client(oci::Reference::parse("registry.example:5000/some/image"), options, log);
  const std::string message = message_of([&] { client.fetch("latest"); });
  CAPTURE(message);
  CHECK(contains(message, "registry.example:5000 does not speak TLS on this port: "));
  CHECK(contains(message, named ? "use http://" : "set insecure: true"));
  CHECK(naps == 0);
}
