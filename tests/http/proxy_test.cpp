#include <stdexcept>
#include <string>

#include "base/text.hpp"
#include "http/backoff.hpp"
#include "http/no_proxy.hpp"
#include "http/support/client_fixture.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"

namespace {

http::Request request_for(const std::string& url) {
  http::Request request;
  request.url = http::Url::parse(url);
  request.authorization = base::Secret("Basic for-the-server");
  return request;
}

http::TransportError failure_through_proxy(const std::string& url = "https://far.example/x") {
  ClientFixture fixture;
  try {
    fixture.client.send(request_for(url));
  } catch (const http::TransportError& error) {
    return error;
  }
  throw std::logic_error("it went through");
}

}  // namespace

TEST_CASE("the worker's proxy is used, except for the hosts it is not meant for") {
  LoopbackServer proxy([](Exchange& exchange) { exchange.reply(200, {}, "by proxy"); });
  LoopbackServer direct([](Exchange& exchange) { exchange.reply(200, {}, "direct"); });
  const Environment proxied("http_proxy", proxy.url(""));
  const Environment excluded("no_proxy", "127.0.0.1");
  ClientFixture fixture;
  http::Response far = fixture.client.send(request_for("http://far.example/x"));
  CHECK(ClientFixture::text(far) == "by proxy");
  CHECK(proxy.lines() == std::vector<std::string>{"GET http://far.example/x"});
  http::Response near = fixture.client.send(request_for(direct.url("/")));
  CHECK(ClientFixture::text(near) == "direct");
}

TEST_CASE("a host that the worker's programs reach without the proxy is not asked through it") {
  LoopbackServer proxy([](Exchange& exchange) { exchange.reply(200, {}, "by proxy"); });
  LoopbackServer direct([](Exchange& exchange) { exchange.reply(200, {}, "direct"); });
  const Environment proxied("http_proxy", proxy.url(""));
  ClientFixture fixture;
  for (const auto& [value, expected] : std::vector<std::pair<std::string, std::string>>{
           {direct.host(), "direct"},
           {base::cat("a.example:1, ", direct.host(), " b.example"), "direct"},
           {"127.0.0.1:1", "by proxy"}}) {
    CAPTURE(value);
    const Environment excluded("no_proxy", value);
    http::Response response = fixture.client.send(request_for(direct.url("/")));
    CHECK(ClientFixture::text(response) == expected);
  }
}

TEST_CASE("no_proxy is read as programs in Go read it") {
  const auto hosts = [](std::string_view text) {
    return http::hosts_without_proxy(text, http::Url::parse("https://registry.example.com:5000/"));
  };
  CHECK(hosts("localhost,.corp.example  10.0.0.0/8") == "localhost,.corp.example,10.0.0.0/8");
  CHECK(hosts("*") == "*");
  CHECK(hosts("localhost, *") == "*");
  CHECK(hosts("*.example.com") == ".example.com");
  CHECK(hosts("registry.example.com:5000,*.example.com:5000") ==
        "registry.example.com,.example.com");
  CHECK(hosts("registry.example.com:443,[fd00::1]:443, ,").empty());
  CHECK(hosts("::1,fd00::/8,[fd00::1],[fd00::2]:5000") == "::1,fd00::/8,fd00::1,fd00::2");
}

TEST_CASE("a proxy that wants a login is named, whether it passes requests on or tunnels") {
  LoopbackServer proxy([](Exchange& exchange) { exchange.reply(407); });
  const std::string scheme = GENERATE("http", "https");
  const std::string variable = scheme + "_proxy";
  const Environment proxied(variable.c_str(), base::cat("http://user:hunter2@", proxy.host()));
  const Environment excluded("no_proxy", "");
  const http::TransportError error = failure_through_proxy(scheme + "://far.example/");
  const std::string message = error.what();
  CAPTURE(message);
  CHECK(error.cause() == http::TransportError::Cause::other);
  CHECK(message.find("the proxy on the way to far.example") != std::string::npos);
  CHECK(message.find("wants a login") != std::string::npos);
  CHECK(message.find("hunter2") == std::string::npos);
}

TEST_CASE("a proxy that refuses a tunnel is named as the cause, without its password") {
  const int status = GENERATE(403, 503);
  LoopbackServer proxy([&](Exchange& exchange) { exchange.reply(status); });
  const std::string address = base::cat("http://user:hunter2@", proxy.host());
  const Environment proxied("https_proxy", address);
  const Environment excluded("no_proxy", "");
  const http::TransportError error = failure_through_proxy();
  const std::string message = error.what();
  CAPTURE(message);
  CHECK(http::may_pass(error) == (status == 503));
  // With 403 it is a rule of the proxy; with 503 it did not get there itself.
  const std::string said = status == 403 ? "proxy refuses to connect to far.example"
                                         : "proxy could not connect to far.example";
  CHECK(message.find(said) != std::string::npos);
  CHECK((message.find("it must allow this host") != std::string::npos) == (status == 403));
  CHECK(message.find("hunter2") == std::string::npos);
  // What is meant for the server is not shown to the proxy.
  for (const auto& seen : proxy.seen()) CHECK(seen.headers.count("authorization") == 0);
}

TEST_CASE("a proxy without TLS is named as the cause, and not the server as one for plain http") {
  LoopbackServer proxy([](Exchange& exchange) { exchange.reply(400); });
  const Environment proxied("https_proxy", base::cat("https://user:hunter2@", proxy.host()));
  const Environment excluded("no_proxy", "");
  const http::TransportError error = failure_through_proxy();
  const std::string message = error.what();
  CAPTURE(message);
  CHECK(error.cause() == http::TransportError::Cause::other);
  CHECK(message.find("the proxy on the way to far.example:443") != std::string::npos);
  CHECK(message.find("hunter2") == std::string::npos);
}

TEST_CASE("a proxy that is not there is named as the cause, without its password") {
  std::string address;
  {
    LoopbackServer gone([](Exchange&) {});
    address = base::cat("http://user:hunter2@", gone.host());
  }
  const Environment proxied("https_proxy", address);
  const Environment excluded("no_proxy", "");
  const http::TransportError error = failure_through_proxy();
  const std::string message = error.what();
  CAPTURE(message);
  CHECK(error.cause() == http::TransportError::Cause::connect);
  CHECK(message.find("through the proxy") != std::string::npos);
  CHECK(message.find("https_proxy") != std::string::npos);
  CHECK(message.find("hunter2") == std::string::npos);
}

TEST_CASE("a proxy's address that is no URL is not shown, and how to write it is") {
  const std::string address =
      GENERATE("http://user:s/hunter2@proxy.example:3128", "user:s hunter2@proxy.example:3128",
               "http://user:s hunter2@proxy.example:3128", "user:s#hunter2@proxy.example:3128");
  CAPTURE(address);
  const Environment proxied("https_proxy", address);
  const Environment excluded("no_proxy", "");
  const std::string message = failure_through_proxy().what();
  CAPTURE(message);
  CHECK(message.find("proxy") != std::string::npos);
  CHECK(message.find("%2F") != std::string::npos);
  CHECK(message.find("hunter2") == std::string::npos);
}
