#include "base/encoding.hpp"
#include "base/text.hpp"
#include "registry/support/logins.hpp"
#include "support/catch.hpp"

using base::cat;

TEST_CASE("an anonymous token is fetched for public images") {
  LoopbackServer tokens(
      [](Exchange& exchange) { exchange.reply(200, {}, R"({"token":"anonymous"})"); });
  FakeRegistry fake(wants("Bearer anonymous",
                          {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/token?tenant=t"),
                               "\",service=\"the registry\"")}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.resolve("latest") == image.digest);
  CHECK(tokens.lines() ==
        std::vector<std::string>{"GET /token?tenant=t&service=the%20registry&scope=repository%3A"
                                 "some%2Fimage%3Apull"});
  CHECK(count(tokens, "authorization") == 0);
  // The token serves the following requests.
  client.fetch_image(image.digest, amd64);
  CHECK(tokens.lines().size() == 1);
}

TEST_CASE("the password goes to the token service and the token to the registry") {
  LoopbackServer tokens([](Exchange& exchange) {
    const bool known = exchange.header("authorization") == basic_value;
    if (known)
      exchange.reply(200, {}, R"({"access_token":"right","token":"wrong"})");
    else
      exchange.reply(401, {}, R"({"details":"incorrect username or password"})");
  });
  const auto refuse = wants("Bearer right", {cat("WWW-Authenticate: Negotiate"),
                                             cat("WWW-Authenticate: BEARER Realm=\"",
                                                 tokens.url("/token"), "\",Scope=\"a:b c:pull\"")});
  // As some registries do, it lets the greeting pass and asks for a login later.
  FakeRegistry fake(
      [&](Exchange& exchange) { return exchange.target != "/v2/" && refuse(exchange); });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client(with_password()).resolve("latest") == image.digest);
  CHECK(tokens.lines() == std::vector<std::string>{"GET /token?scope=a%3Ab&scope=c%3Apull"});
  for (const auto& request : fake.server().seen()) {
    CHECK((request.headers.count("authorization") == 0 ||
           request.headers.at("authorization") == "Bearer right"));
  }
  registry::Options wrong = with_password();
  wrong.credentials->password = base::Secret("hunter2");
  const std::string message = message_of([&] { fake.client(wrong).resolve("latest"); });
  CHECK(contains(message, "incorrect username or password"));
  CHECK_FALSE(contains(message, "hunter2"));
}

TEST_CASE("the scope of the greeting's challenge is an example and is not asked for") {
  LoopbackServer tokens([](Exchange& exchange) { exchange.reply(200, {}, R"({"token":"t"})"); });
  FakeRegistry fake(wants("Bearer t", {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/t"),
                                           "\",scope=\"repository:user/image:pull\"")}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  CHECK(fake.client().resolve("latest") == image.digest);
  CHECK(tokens.lines() ==
        std::vector<std::string>{"GET /t?scope=repository%3Asome%2Fimage%3Apull"});
  CHECK(fake.server().lines() ==
        std::vector<std::string>{"GET /v2/", "HEAD /v2/some/image/manifests/latest"});
}

TEST_CASE("a password goes out as it is, a key file in JSON too") {
  const std::string key = "{\n  \"private_key\": \"-----BEGIN-----\\n\"\r\n}: \xc3\xa9";
  const std::string value = "Basic " + base::base64_encode("_json_key:" + key);
  FakeRegistry fake(wants(value, {"WWW-Authenticate: Basic realm=\"r\""}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Options options;
  options.credentials = registry::Credentials{"_json_key", base::Secret(key)};
  CHECK(fake.client(options).resolve("latest") == image.digest);
}

TEST_CASE("an expired token that is answered with 400 is renewed") {
  int issued = 0;
  LoopbackServer tokens(
      [&](Exchange& exchange) { exchange.reply(200, {}, cat(R"({"token":"t)", ++issued, "\"}")); });
  std::string valid = "Bearer t1";
  FakeRegistry fake([&](Exchange& exchange) {
    const std::string given = exchange.header("authorization");
    if (given == valid) return false;
    exchange.reply(given.empty() ? 401 : 400,
                   {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/"), "\"")});
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.fetch("latest").digest == image.digest);
  valid = "Bearer t2";
  CHECK(client.fetch("latest").digest == image.digest);
  valid = "Bearer never";
  CHECK_THROWS_AS(client.fetch("latest"), registry::StatusError);
  CHECK(issued == 3);
}

TEST_CASE("a registry that wants the password at its door and a token inside gets both") {
  LoopbackServer tokens([](Exchange& exchange) {
    const bool known = exchange.header("authorization") == basic_value;
    exchange.reply(known ? 200 : 401, {}, known ? R"({"token":"t"})" : "{}");
  });
  const auto door = wants(basic_value, {"WWW-Authenticate: Basic realm=\"door\""});
  const auto inside =
      wants("Bearer t", {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/t"), "\"")});
  FakeRegistry fake([&](Exchange& exchange) {
    return exchange.target == "/v2/" ? door(exchange) : inside(exchange);
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client(with_password());
  CHECK(client.resolve("latest") == image.digest);
  client.fetch_image(image.digest, amd64);
  CHECK(tokens.lines().size() == 1);
}

TEST_CASE("an address that is none is told as the token service's") {
  FakeRegistry fake(wants("Bearer t", {"WWW-Authenticate: Bearer realm=\"/token\""}));
  const std::string message = message_of([&] { fake.client().resolve("latest"); });
  CHECK(contains(message, "the token service that 127.0.0.1 names: \"/token\""));
}

TEST_CASE("Basic is answered when Bearer is not offered") {
  FakeRegistry fake(wants(basic_value, {"WWW-Authenticate: Basic realm=\"a, b\""}));
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client(with_password());
  CHECK(client.resolve("latest") == image.digest);
  CHECK(client.resolve("latest") == image.digest);
  CHECK(fake.server().lines().size() == 3);

  const std::string anonymous = message_of([&] { fake.client().fetch("latest"); });
  CHECK(contains(anonymous, "set username and password"));
  CHECK(contains(anonymous, "UNAUTHORIZED: who?"));
  registry::Options wrong = with_password();
  wrong.credentials->password = base::Secret("hunter2");
  const size_t before = fake.server().lines().size();
  registry::Client refused_client = fake.client(wrong);
  const std::string refused = message_of([&] { refused_client.fetch("latest"); });
  CHECK(fake.server().lines().size() == before + 2);
  message_of([&] { refused_client.fetch("latest"); });
  CHECK(fake.server().lines().size() == before + 3);
  CHECK(contains(refused, "not found or no access"));
  CHECK_FALSE(contains(refused, "hunter2"));
}

TEST_CASE("a registry that asks for the login only at its images gets it there") {
  LoopbackServer tokens(
      [](Exchange& exchange) { exchange.reply(200, {}, R"({"token":"handed out"})"); });
  const auto asks = GENERATE(false, true)
                        ? wants(basic_value, {"WWW-Authenticate: Basic realm=\"r\""})
                        : wants("Bearer handed out",
                                {cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/t"), "\"")});
  FakeRegistry fake(
      [&](Exchange& exchange) { return exchange.target != "/v2/" && asks(exchange); });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client(with_password());
  CHECK(client.resolve("latest") == image.digest);
  const std::string question = "HEAD /v2/some/image/manifests/latest";
  CHECK(fake.server().lines() == std::vector<std::string>{"GET /v2/", question, question});
}

TEST_CASE("a refused token is renewed once per request, not for ever") {
  std::atomic<int> issued = 0;
  LoopbackServer tokens([&](Exchange& exchange) {
    exchange.reply(200, {}, cat(R"({"token":"t)", ++issued, R"(","expires_in":3600})"));
  });
  const std::string challenge =
      cat("WWW-Authenticate: Bearer realm=\"", tokens.url("/"), "\",error=\"invalid_token\"");
  std::string valid = "Bearer t1";
  FakeRegistry fake([&](Exchange& exchange) {
    if (exchange.header("authorization") == valid) return false;
    exchange.reply(401, {challenge});
    return true;
  });
  const oci::Descriptor image = fake.add_image(amd64, "latest");
  registry::Client client = fake.client();
  CHECK(client.fetch("latest").digest == image.digest);
  valid = "Bearer t2";
  CHECK(client.fetch("latest").digest == image.digest);
  valid = "Bearer never";
  CHECK(contains(message_of([&] { client.fetch("latest"); }), "not found or no access"));
  CHECK(issued == 3);
}

TEST_CASE("a password that was never asked for is not called wrong") {
  const std::string challenge = "WWW-Authenticate: Bearer realm=\"https://auth.test/token\"";
  const auto challenges = GENERATE_COPY(std::vector<std::string>{}, std::vector{challenge});
  FakeRegistry fake([=](Exchange& exchange) {
    exchange.reply(403, challenges, R"({"errors":[{"code":"DENIED","message":"not from here"}]})");
    return true;
  });
  const std::string message = message_of([&] { fake.client(with_password()).fetch("latest"); });
  CAPTURE(message);
  CHECK(contains(message, "did not ask for the login"));
  CHECK(contains(message, "not from here"));
}

TEST_CASE("a registry that takes only other logins is said to") {
  FakeRegistry fake(wants("never", {"WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM"}));
  const std::string message = message_of([&] { fake.client(with_password()).fetch("latest"); });
  CAPTURE(message);
  CHECK(contains(message, "takes no user name and password (Basic, Bearer)"));
  CHECK(contains(message, "only other logins (negotiate, ntlm)"));
}

TEST_CASE("a login that a cloud has given is not called username and password") {
  FakeRegistry fake(wants("never", {"WWW-Authenticate: Basic realm=\"r\""}));
  registry::Options options = with_password();
  options.credentials->of_cloud = true;
  const std::string message = message_of([&] { fake.client(options).fetch("latest"); });
  CHECK(contains(message, "not found or no access with the login from the cloud"));
}
