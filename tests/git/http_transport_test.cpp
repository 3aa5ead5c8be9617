#include "git/http_transport.hpp"

#include <atomic>
#include <functional>

#include "base/error.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/loopback_server.hpp"
#include "support/message_of.hpp"

namespace {

using git::Protocol;
using git::Service;
using std::chrono::milliseconds;

/// A way to a server that answers the first of its requests with what a script says.
struct Fixture {
  using Fault = std::function<void(Exchange&)>;
  explicit Fixture(std::vector<Fault> faults, const std::string& username = "")
      : faults_(std::move(faults)), server_(answer()) {
    git::RemoteOptions options;
    options.uri = server_.url("/repository.git");
    options.username = username;
    options.password = base::Secret("the password");
    transport = git::open_http_transport(options, log,
                                         [this](milliseconds delay) { waits.push_back(delay); });
  }

  std::string advertised(Service service = Service::upload_pack) {
    return base::read_all(*transport->advertise(service, Protocol::v2), 1000, "it");
  }
  std::string answered(Service service) {
    const auto body = [] { return std::make_unique<base::MemorySource>("a request"); };
    return base::read_all(*transport->request(service, Protocol::v2, body), 1000, "it");
  }
  size_t requests() const { return server_.seen().size(); }
  /// "METHOD path" of each request, with a "+" where a login came with it.
  std::vector<std::string> seen() const {
    std::vector<std::string> lines;
    for (const auto& request : server_.seen()) {
      lines.push_back(request.method + " " + request.target.substr(0, request.target.find('?')) +
                      (request.headers.contains("authorization") ? " +" : ""));
    }
    return lines;
  }
  std::string url(const std::string& target) const { return server_.url(target); }

  CapturedLog log;
  std::vector<milliseconds> waits;
  std::unique_ptr<git::Transport> transport;

 private:
  LoopbackServer::Handler answer() {
    return [this](Exchange& exchange) {
      const std::string sent = exchange.body();
      const size_t number = next_++;
      if (number < faults_.size() && faults_[number]) return faults_[number](exchange);
      if (exchange.method == "POST") return exchange.reply(200, {}, "answer to " + sent);
      const std::string service = exchange.target.substr(exchange.target.find('=') + 1);
      exchange.reply(200, {"Content-Type: application/x-" + service + "-advertisement"}, "refs");
    };
  }

  std::vector<Fault> faults_;
  std::atomic<size_t> next_{0};
  LoopbackServer server_;
};

Fixture::Fault status(int code, std::vector<std::string> headers = {}) {
  return [code, headers](Exchange& exchange) { exchange.reply(code, headers); };
}

Fixture::Fault redirect(const std::string& location) {
  return status(302, {"Location: " + location});
}

const Fixture::Fault nothing;

/// As the first fault: on a connection that has been of use, libcurl puts up with it.
void hang_up(Exchange& exchange) {
  exchange.raw("HTTP/1.1 2");
}

}  // namespace

TEST_CASE("a git server that is restarted, or has too much to do, does not end a build") {
  const Service service = GENERATE(Service::upload_pack, Service::receive_pack);
  Fixture fixture({hang_up, status(503), status(429, {"Retry-After: 20"})});
  CHECK(fixture.advertised(service) == "refs");
  REQUIRE(fixture.waits.size() == 3);
  CHECK(fixture.waits[0] <= milliseconds(1000));
  CHECK(fixture.waits[2] == milliseconds(20'000));
  CHECK(fixture.log.text().find("/repository.git: HTTP 503") != std::string::npos);
  CHECK(fixture.log.text().find("trying again in 20 s") != std::string::npos);
}

TEST_CASE("a question to a git server is put again where the first answer was none") {
  Fixture fixture({hang_up, status(502)});
  CHECK(fixture.answered(Service::upload_pack) == "answer to a request");
  CHECK(fixture.requests() == 3);
}

TEST_CASE("a push is never sent a second time behind one that may have counted") {
  const auto fault = GENERATE(values<Fixture::Fault>({status(503), status(429), hang_up}));
  Fixture fixture({fault});
  CHECK_THROWS_AS(fixture.answered(Service::receive_pack), base::Error);
  CHECK(fixture.requests() == 1);
  CHECK(fixture.waits.empty());
}

TEST_CASE("a proxy that cannot pass on a body of unknown length is told the length") {
  const int code = GENERATE(400, 411, 501);
  const Fixture::Fault refusal = [code](Exchange& exchange) {
    const bool is_chunked = exchange.headers.contains("transfer-encoding");
    exchange.reply(is_chunked ? code : 200, {}, "answer");
  };
  Fixture fixture({refusal, refusal});
  const auto body = [] { return std::make_unique<base::MemorySource>(std::string(300'000, 'x')); };
  const auto reply = fixture.transport->request(Service::receive_pack, Protocol::v0, body);
  CHECK(base::read_all(*reply, 1000, "it") == "answer");
  CHECK(fixture.requests() == 2);
}

TEST_CASE("a login that a server does not take is not called wrong") {
  const auto told = [](const std::vector<std::string>& fields) {
    Fixture fixture({status(401, fields)}, "name");
    return message_of([&] { fixture.advertised(); });
  };
  const std::string other = "WWW-Authenticate: Negotiate";
  CHECK(contains(told({other, "WWW-Authenticate: NTLM"}), "(negotiate, ntlm)"));
  CHECK(contains(told({other, "WWW-Authenticate: Basic realm=\"r\""}), "password is wrong"));
  CHECK(contains(told({}), "password is wrong or has expired"));
}

TEST_CASE("a git server that is down is waited for once, not with each question") {
  const std::vector<Fixture::Fault> faults(5, status(503));
  Fixture fixture(faults);
  CHECK(message_of([&] { fixture.advertised(); }).find("after 4 attempts: HTTP 503") == 0);
  CHECK(fixture.requests() == 4);
  CHECK(message_of([&] { fixture.answered(Service::upload_pack); }).find("HTTP 503") == 0);
  CHECK(fixture.requests() == 5);
  CHECK(fixture.waits.size() == 3);
}

TEST_CASE("a git server that has answered is waited for again") {
  Fixture fixture({status(503), status(502), status(503), nothing, status(503), status(503)});
  CHECK(fixture.advertised() == "refs");
  CHECK(fixture.advertised() == "refs");
  CHECK(fixture.waits.size() == 5);
}

TEST_CASE("a git server that is busy for minutes does not hold a build for them") {
  Fixture fixture({status(429, {"Retry-After: 300"})});
  const std::string said = message_of([&] { fixture.advertised(); });
  CHECK(said.find("HTTP 429; it wants to be asked again in 5 min") == 0);
  CHECK(fixture.waits.empty());
}

TEST_CASE("a large question to a git server is put again, too") {
  Fixture fixture({status(503)});
  const std::string question(900'000, 'x');
  const auto body = [&] { return std::make_unique<base::MemorySource>(question); };
  const auto reply = fixture.transport->request(Service::upload_pack, Protocol::v2, body);
  CHECK(base::read_all(*reply, 1'000'000, "it") == "answer to " + question);
}

TEST_CASE("what a git server will not answer differently is asked once") {
  const int code = GENERATE(401, 403, 404, 500, 504);
  Fixture fixture({status(code)});
  CHECK(message_of([&] { fixture.advertised(); }).find(std::to_string(code)) != std::string::npos);
  CHECK(fixture.requests() == 1);
}

TEST_CASE("no other repository is asked for where the address of one ends in a query") {
  LoopbackServer server([](Exchange& exchange) {
    exchange.body();
    exchange.reply(200, {"Content-Type: application/x-git-upload-pack-advertisement"}, "it");
  });
  git::RemoteOptions options;
  options.uri = server.url("/daemon.cgi?svc=git&q=images") + GENERATE("", "/");
  base::Log log(-1);
  const auto transport = git::open_http_transport(options, log);
  transport->advertise(Service::upload_pack, Protocol::v2);
  transport->request(Service::upload_pack, Protocol::v2,
                     [] { return std::make_unique<base::MemorySource>("a request"); });
  CHECK(server.lines() == std::vector<std::string>{
                              "GET /daemon.cgi?svc=git&q=images/info/refs&service=git-upload-pack",
                              "POST /daemon.cgi?svc=git&q=images/git-upload-pack"});
}

TEST_CASE("an address that ends in a query may be moved, too") {
  const std::string end = "?q=images/info/refs&service=git-upload-pack";
  LoopbackServer server([&](Exchange& exchange) {
    exchange.body();
    if (exchange.target == "/old.cgi" + end)
      return exchange.reply(301, {"Location: /git.cgi" + end});
    exchange.reply(200, {"Content-Type: application/x-git-upload-pack-advertisement"}, "it");
  });
  git::RemoteOptions options;
  options.uri = server.url("/old.cgi?q=images");
  base::Log log(-1);
  const auto transport = git::open_http_transport(options, log);
  transport->advertise(Service::upload_pack, Protocol::v2);
  transport->request(Service::upload_pack, Protocol::v2,
                     [] { return std::make_unique<base::MemorySource>("a request"); });
  CHECK(server.lines() == std::vector<std::string>{"GET /old.cgi" + end, "GET /git.cgi" + end,
                                                   "POST /git.cgi?q=images/git-upload-pack"});
}

TEST_CASE("a redirect on the same server keeps the login, for all that follows") {
  Fixture fixture({redirect("/moved/r.git/info/refs?service=git-upload-pack")}, "name");
  CHECK(fixture.advertised() == "refs");
  CHECK(fixture.answered(Service::receive_pack) == "answer to a request");
  CHECK(fixture.seen() == std::vector<std::string>{"GET /repository.git/info/refs +",
                                                   "GET /moved/r.git/info/refs +",
                                                   "POST /moved/r.git/git-receive-pack +"});
}

TEST_CASE("no server that is redirected to gets the login, whatever the address says") {
  Fixture elsewhere({});
  std::string there = elsewhere.url("/r.git/info/refs?service=git-upload-pack");
  if (GENERATE(false, true)) there.replace(0, 7, "http://me:word@");
  Fixture fixture({redirect(there)}, "name");
  CHECK(fixture.advertised() == "refs");
  CHECK(fixture.answered(Service::upload_pack) == "answer to a request");
  CHECK(fixture.answered(Service::receive_pack) == "answer to a request");
  CHECK(fixture.seen() == std::vector<std::string>{"GET /repository.git/info/refs +"});
  CHECK(elsewhere.seen() == std::vector<std::string>{"GET /r.git/info/refs",
                                                     "POST /r.git/git-upload-pack",
                                                     "POST /r.git/git-receive-pack"});
}

TEST_CASE("a redirect that leads to no repository, or nowhere, is refused") {
  CHECK(contains(message_of([] { Fixture({redirect("/login?to=x")}).advertised(); }),
                 "which is no git repository"));
  CHECK(contains(message_of([] { Fixture({status(302)}).advertised(); }), "without an end"));
  const std::vector<Fixture::Fault> faults(100, redirect("/a/info/refs"));
  Fixture endless(faults);
  CHECK(contains(message_of([&] { endless.advertised(); }), "without an end"));
  CHECK(endless.requests() == 6);
  // A request is not repeated elsewhere: a push may have counted.
  Fixture moved({redirect("/a/git-receive-pack")});
  CHECK(contains(message_of([&] { moved.answered(Service::receive_pack); }), "HTTP 302"));
  CHECK(moved.requests() == 1);
}
