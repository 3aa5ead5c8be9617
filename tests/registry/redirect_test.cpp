#include "registry/redirect.hpp"

#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;
using http::Url;
using registry::Insecure;

namespace {

const std::string content = "the bytes of a layer";
const oci::Descriptor descriptor{"", oci::Digest::of(content), content.size(), {}, "", {}, {}};

std::optional<Url> target(const char* from, const char* location, Insecure insecure,
                          long status = 307) {
  http::Response response;
  response.status = status;
  if (*location != '\0') response.headers.add("Location", location);
  return registry::redirect_target(response, Url::parse(from), insecure);
}

FakeRegistry::Override needs_password_then_redirects(const std::string& location) {
  return [=](Exchange& exchange) {
    if (exchange.header("authorization").empty()) {
      exchange.reply(401, {"WWW-Authenticate: Basic realm=\"r\""});
    } else {
      exchange.reply(307, {cat("Location: ", location)});
    }
    return true;
  };
}

registry::Options with_password() {
  registry::Options options;
  options.credentials = registry::Credentials{"user", base::Secret("password")};
  return options;
}

std::string read_blob(registry::Client& client) {
  return base::read_all(*client.open_blob(descriptor), 1U << 20U, "blob");
}

}  // namespace

TEST_CASE("redirects lead where they say, unless that is less safe") {
  for (const long status : {301L, 302L, 303L, 307L, 308L}) {
    CHECK(target("https://r/a", "/b?c", Insecure::no, status)->text() == "https://r/b?c");
  }
  CHECK_FALSE(target("https://r/a", "/b", Insecure::no, 200));
  CHECK_FALSE(target("https://r/a", "/b", Insecure::no, 304));
  CHECK_FALSE(target("https://r/a", "", Insecure::no));
  CHECK(target("https://r/a", "https://s/b", Insecure::no)->host == "s");
  CHECK_THROWS_AS(target("https://r/a", "http://s/b", Insecure::no), base::Error);
  CHECK_THROWS_AS(target("https://r/a", "http://r/b", Insecure::no), base::Error);
  CHECK(target("https://r/a", "http://s/b", Insecure::yes)->host == "s");
  CHECK_THROWS_AS(target("https://r/a", "file:///etc/passwd", Insecure::yes), base::Error);
}

TEST_CASE("a public registry cannot redirect into the private network") {
  for (const char* location :
       {"https://127.0.0.1/x", "https://localhost/x", "https://10.1.2.3/x",
        "https://169.254.169.254/latest", "https://[::1]/x", "https://2130706433/x",
        "https://\uff11\uff12\uff17.0.0.1/x", "https://127\u30020\u30020\u30021/x"}) {
    CAPTURE(location);
    CHECK_THROWS_AS(target("https://registry.example/a", location, Insecure::no), base::Error);
    CHECK_THROWS_AS(target("https://registry.example/a", location, Insecure::yes), base::Error);
    CHECK_THROWS_AS(target("https://b\u00fccher.example/a", location, Insecure::no), base::Error);
    CHECK(target("https://192.168.0.1/a", location, Insecure::no));
  }
  CHECK(target("https://b\u00fccher.example/a", "/b", Insecure::no));
}

TEST_CASE("a redirect whose body comes later does not cost its connection") {
  LoopbackServer store([](Exchange& exchange) { exchange.reply(200, {}, content); });
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    exchange.reply_in_pieces(307, {cat("Location: ", store.url("/blob"))}, "<a>Moved</a>");
    return true;
  });
  registry::Options options;
  options.scheme = "http";
  registry::Client client = fake.client(options);
  for (int i = 0; i < 3; ++i) CHECK(read_blob(client) == content);
  CHECK(fake.server().connections() == 1);
  CHECK(store.connections() == 1);
}

TEST_CASE("a redirect whose body comes byte by byte does not hold a get up") {
  LoopbackServer store([](Exchange& exchange) { exchange.reply(200, {}, content); });
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.target == "/v2/") return false;
    exchange.raw(cat("HTTP/1.1 307 Scripted\r\nLocation: ", store.url("/blob"),
                     "\r\nContent-Length: 100\r\n\r\n"));
    for (int i = 0; i < 100 && store.lines().empty(); ++i) {
      exchange.raw("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return true;
  });
  registry::Options options;
  options.scheme = "http";
  registry::Client client = fake.client(options);
  const auto start = std::chrono::steady_clock::now();
  CHECK(read_blob(client) == content);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("credentials do not follow a redirect to another port of the same host") {
  LoopbackServer store([](Exchange& exchange) { exchange.reply(200, {}, content); });
  FakeRegistry fake(needs_password_then_redirects(store.url("/blob?signature=x")));
  registry::Client client = fake.client(with_password());
  CHECK(read_blob(client) == content);
  REQUIRE(store.seen().size() == 1);
  CHECK(store.seen()[0].target == "/blob?signature=x");
  CHECK(store.seen()[0].headers.count("authorization") == 0);
}

TEST_CASE("credentials stay with a redirect on the same origin") {
  FakeRegistry fake([](Exchange& exchange) {
    if (exchange.header("authorization").empty()) {
      exchange.reply(401, {"WWW-Authenticate: Basic realm=\"r\""});
    } else if (exchange.target == "/moved") {
      exchange.reply(200, {}, content);
    } else {
      exchange.reply(302, {"Location: /moved"});
    }
    return true;
  });
  registry::Client client = fake.client(with_password());
  CHECK(read_blob(client) == content);
  CHECK(fake.server().lines().size() == 3);
}

TEST_CASE("a store that challenges gets an anonymous token of its own, never the password") {
  LoopbackServer tokens(
      [](Exchange& exchange) { exchange.reply(200, {}, R"({"token":"theirs"})"); });
  LoopbackServer store([&](Exchange& exchange) {
    if (exchange.header("authorization") == "Bearer theirs") {
      exchange.reply(200, {}, content);
    } else {
      exchange.reply(401, {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/"), "\""),
                           "WWW-Authenticate: Basic realm=\"trap\""});
    }
  });
  FakeRegistry fake(needs_password_then_redirects(store.url("/blob")));
  registry::Client client = fake.client(with_password());
  CHECK(read_blob(client) == content);
  for (const auto& request : tokens.seen()) CHECK(request.headers.count("authorization") == 0);
  for (const auto& request : store.seen()) {
    const auto found = request.headers.find("authorization");
    CHECK((found == request.headers.end() || found->second == "Bearer theirs"));
  }
}

TEST_CASE("a Basic challenge of another host does not get the password") {
  LoopbackServer store(
      [&](Exchange& exchange) { exchange.reply(401, {"WWW-Authenticate: Basic realm=\"trap\""}); });
  FakeRegistry fake(needs_password_then_redirects(store.url("/blob")));
  registry::Client client = fake.client(with_password());
  CHECK_THROWS_AS(client.open_blob(descriptor), registry::StatusError);
  CHECK(store.seen().size() == 1);
  CHECK(store.seen()[0].headers.count("authorization") == 0);
}

TEST_CASE("redirects in a circle end") {
  FakeRegistry fake([](Exchange& exchange) {
    exchange.reply(307, {"Location: /again"});
    return true;
  });
  CHECK(contains(message_of([&] { fake.client().open_blob(descriptor); }), "too many redirects"));
  CHECK(fake.server().lines().size() == 1 + 11);
}

TEST_CASE("what another host refuses is not blamed on the login of the registry") {
  const int status = GENERATE(401, 403, 404, 500);
  LoopbackServer store([&](Exchange& exchange) {
    exchange.reply(status, {"Content-Type: text/html"}, "<html><title>Blocked by policy</title>");
  });
  FakeRegistry fake(needs_password_then_redirects(store.url("/blob?signature=x")));
  registry::Options options = with_password();
  options.patience.fallback = registry::Fallback::yes;
  registry::Client client = fake.client(options);
  const std::string message = message_of([&] { client.fetch("latest"); });
  CAPTURE(message);
  CHECK(contains(message, store.host()));
  CHECK(contains(message, std::to_string(status)));
  CHECK(contains(message, "Blocked by policy"));
  CHECK_FALSE(contains(message, "with this username and password"));
  CHECK(contains(message, "the login is for") == (status == 401));
}
