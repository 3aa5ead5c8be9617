#include "base/encoding.hpp"
#include "base/text.hpp"
#include "registry/support/logins.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"

using base::cat;

TEST_CASE("an identity token buys a token by POST and is not sent as a password") {
  std::string form;
  LoopbackServer tokens([&](Exchange& exchange) {
    if (exchange.method != "POST") return exchange.reply(405);
    CHECK(exchange.header("content-type") == "application/x-www-form-urlencoded");
    form = exchange.body();
    exchange.reply(200, {}, R"({"access_token":"bought"})");
  });
  FakeRegistry fake(
      wants("Bearer bought", {cat("WWW-Authenticate: Bearer realm=\"",
                                  tokens.url("/token?tenant=t"), "\",service=\"the registry\"")}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Options options;
  options.credentials = registry::Credentials{"<token>", base::Secret("identity+token")};
  CHECK(fake.client(options).resolve("latest") == image.digest);
  CHECK(form ==
        "grant_type=refresh_token&client_id=rootfs-git-resource&scope=repository%3Asome%2Fimage%3A"
        "pull&refresh_token=identity%2Btoken&service=the%20registry");
  CHECK(tokens.lines() == std::vector<std::string>{"POST /token?tenant=t"});
  CHECK(count(tokens, "authorization") == 0);
}

TEST_CASE("a token service that knows no POST is asked for a token by GET") {
  const int status = GENERATE(307, 400, 401, 404, 405);
  LoopbackServer tokens([&](Exchange& exchange) {
    if (exchange.method == "POST") {
      exchange.reply(status, {"Location: /elsewhere"}, R"({"details":"no such thing"})");
    } else if (exchange.header("authorization") == "Basic " + base::base64_encode("<token>:it")) {
      exchange.reply(200, {}, R"({"token":"got"})");
    } else {
      exchange.reply(403);
    }
  });
  FakeRegistry fake(
      wants("Bearer got", {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/t"), "\"")}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Options options;
  options.credentials = registry::Credentials{"<token>", base::Secret("it")};
  CHECK(fake.client(options).resolve("latest") == image.digest);
  CHECK(tokens.lines() ==
        std::vector<std::string>{"POST /t", "GET /t?scope=repository%3Asome%2Fimage%3Apull"});
}

TEST_CASE(
    "a registry that wants access to several things at once is not asked for one of all names") {
  LoopbackServer tokens([](Exchange& exchange) {
    if (exchange.method == "POST") return exchange.reply(400);
    // As Docker's own service reads a scope: three parts, the last of them a list with commas.
    const bool known = exchange.target ==
                       "/t?scope=repository%3Asome%2Fimage%3Apull&scope=repository%3Abase%3Apull";
    exchange.reply(200, {}, known ? R"({"token":"both"})" : R"({"token":"none"})");
  });
  FakeRegistry fake(wants(
      "Bearer both", {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/t"),
                          "\",scope=\"repository:some/image:pull  ", "repository:base:pull\"")}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Options options;
  if (GENERATE(false, true))
    options.credentials = registry::Credentials{"<token>", base::Secret("i")};
  CHECK(fake.client(options).resolve("latest") == image.digest);
}

TEST_CASE("a password does for a registry that names a realm and no token service") {
  FakeRegistry fake(
      wants(basic_value, {"WWW-Authenticate: Bearer realm=\"factory\", Basic realm=\"factory\""}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client(with_password()).resolve("latest") == image.digest);
}

TEST_CASE("an identity token that is refused for good is not shown") {
  LoopbackServer tokens(
      [](Exchange& exchange) { exchange.reply(403, {}, R"({"error_description":"expired"})"); });
  FakeRegistry fake(
      wants("Bearer x", {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/t"), "\"")}));
  registry::Options options;
  options.credentials = registry::Credentials{"<token>", base::Secret("identity")};
  const std::string message = message_of([&] { fake.client(options).fetch("latest"); });
  CHECK(contains(message, tokens.url("/t")));
  CHECK_FALSE(contains(message, "identity"));
  CHECK(tokens.lines() == std::vector<std::string>{"POST /t"});
}

TEST_CASE("useless answers of a token service are errors") {
  const std::string answer = GENERATE(as<std::string>{}, "", "[]", "{}", R"({"token":""})",
                                      R"({"token":7})", "<html>", std::string(70'000, ' '));
  LoopbackServer tokens([&](Exchange& exchange) { exchange.reply(200, {}, answer); });
  FakeRegistry fake(
      wants("Bearer x", {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/secret"), "\"")}));
  const std::string message = message_of([&] { fake.client().fetch("latest"); });
  CHECK(contains(message, "token service " + tokens.url("/secret")));
}

TEST_CASE("an image is not absent because its token service is") {
  LoopbackServer tokens([](Exchange& exchange) { exchange.reply(404); });
  FakeRegistry fake([&](Exchange& exchange) {
    // HEAD is broken, so that only GET meets the challenge.
    if (exchange.method == "HEAD")
      exchange.reply(405);
    else
      exchange.reply(401, {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/"), "\"")});
    return true;
  });
  CHECK_THROWS_AS(fake.client().resolve("latest"), base::Error);
}

TEST_CASE("a challenge without a usable realm is a refusal, not a crash") {
  const std::string challenge =
      GENERATE("Bearer", "Bearer service=\"x\"", "Digest realm=\"x\"", "",
               "Bearer realm=\"ftp://127.0.0.1/\"", "Bearer realm=\"not a url\"");
  FakeRegistry fake(wants("never", {cat("WWW-Authenticate: ", challenge)}));
  CHECK_FALSE(message_of([&] { fake.client(with_password()).fetch("latest"); }).empty());
  CHECK(count(fake.server(), "authorization") == 0);
}

TEST_CASE("the password is not carried to where a token service redirects") {
  LoopbackServer second(
      [](Exchange& exchange) { exchange.reply(200, {}, R"({"token":"moved"})"); });
  LoopbackServer first([&](Exchange& exchange) {
    exchange.reply(307, {cat("Location: ", second.url("/elsewhere"))});
  });
  FakeRegistry fake(
      wants("Bearer moved", {cat("WWW-Authenticate: Bearer realm=\"", first.url("/"), "\"")}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client(with_password()).fetch("latest").digest == image.digest);
  CHECK(count(first, "authorization") == 1);
  CHECK(count(second, "authorization") == 0);
}

TEST_CASE("a token service without TLS outside this machine is refused") {
  FakeRegistry fake(
      wants("Bearer x", {"WWW-Authenticate: Bearer realm=\"http://tokens.example/token\""}));
  CHECK(contains(message_of([&] { fake.client(with_password()).fetch("latest"); }),
                 "without TLS (http://tokens.example/token)"));
}

TEST_CASE("insecure does not let a public registry ask for tokens in the private network") {
  const std::string host = GENERATE("10.0.0.1", "169.254.169.254", "\uff11\uff12\uff17.0.0.1");
  CAPTURE(host);
  LoopbackServer proxy([&](Exchange& exchange) {
    exchange.reply(401, {cat("WWW-Authenticate: Bearer realm=\"http://", host, "/token\"")});
  });
  const Environment proxied("http_proxy", proxy.url(""));
  const Environment excluded("no_proxy", "");
  registry::Options options;
  options.insecure = registry::Insecure::yes;
  options.scheme = "http";
  base::Log log(-1);
  registry::Client client(oci::Reference::parse("registry.example/some/image"), options, log);
  CHECK(contains(message_of([&] { client.fetch("latest"); }), "inside the private network"));
  CHECK(proxy.lines() == std::vector<std::string>{"GET http://registry.example/v2/"});
}
