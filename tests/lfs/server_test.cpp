#include "lfs/server.hpp"

#include "base/error.hpp"
#include "http/client.hpp"
#include "lfs/download_source.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/loopback_server.hpp"
#include "support/message_of.hpp"

namespace {

const std::string content = "a large file";
const lfs::Object object{std::string(64, 'a'), content.size(), "opt/x"};

/// A server whose repository is at `uri`, and what it logs.
struct Fixture {
  explicit Fixture(const std::string& uri, const std::string& username = "") {
    lfs::Options options;
    options.remote.uri = uri;
    options.remote.username = username;
    options.remote.password = base::Secret("the password");
    server.emplace(
        options, lfs::find_endpoint(uri, ""), [](auto) {}, log);
  }
  CapturedLog log;
  std::optional<lfs::Server> server;
};

lfs::Answer answer_with(const std::string& url) {
  lfs::Answer answer;
  answer.transfer = lfs::Action{http::Url::parse(url), {}, {}};
  answer.authenticated = true;
  return answer;
}

std::string read_object(Fixture& fixture, const std::string& url) {
  lfs::DownloadSource bytes(*fixture.server, object, answer_with(url));
  return base::read_all(bytes, 1000, "it");
}

}  // namespace

TEST_CASE("a signature is not logged, also of an address that was redirected to") {
  LoopbackServer loopback([](Exchange& exchange) {
    if (exchange.target == "/object") {
      return exchange.reply(302, {"Location: /storage?key=name&signature=0123456789abcdef"});
    }
    exchange.reply(422, {"Content-Type: text/plain"}, "not allowed: " + exchange.target);
  });
  Fixture fixture(loopback.url("/a.git"));
  try {
    read_object(fixture, loopback.url("/object"));
    FAIL("the refusal is ignored");
  } catch (const base::Error& error) {
    fixture.log->error(error.what());
  }
  CHECK(fixture.log.text().find("not allowed") != std::string::npos);
  CHECK(fixture.log.text().find("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a connection that breaks behind the last byte is no failure") {
  LoopbackServer loopback([](Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n" + content + "\r\n");
  });
  Fixture fixture(loopback.url("/a.git"));
  CHECK(read_object(fixture, loopback.url("/object")) == content);
  CHECK(loopback.lines() == std::vector<std::string>{"GET /object"});
}

TEST_CASE("an answer that leaves an object out does not count as having it") {
  const std::string objects = GENERATE(as<std::string>(), "", R"({"oid":"b"})");
  LoopbackServer loopback([&](Exchange& exchange) {
    exchange.body();
    exchange.reply(200, {}, R"({"objects":[)" + objects + "]}");
  });
  Fixture fixture(loopback.url("/a.git"));
  CHECK(contains(message_of([&] { fixture.server->ask(lfs::Operation::upload, {object}); }),
                 "no answer for opt/x"));
}

TEST_CASE("a way to the ssh server that is closed is not blamed on the LFS set-up") {
  LoopbackServer proxy([](Exchange& exchange) { exchange.reply(403); });
  lfs::Options options;
  options.remote.uri = "git@git.test:a.git";
  options.remote.ssh_proxy = http::TunnelProxy{"127.0.0.1", proxy.port(), "", {}};
  CapturedLog log;
  const lfs::Endpoint endpoint = lfs::find_endpoint(options.remote.uri, "");
  lfs::Access access(options, endpoint, log);
  try {
    access.pass(lfs::Operation::upload);
    FAIL("there is no such server");
  } catch (const base::Error& error) {
    const std::string said = error.what();
    CHECK(said.starts_with("git-lfs-authenticate over ssh: "));
    CHECK(said.find("git.lfs.url") == std::string::npos);
  }
}

TEST_CASE("of two logins, the LFS server gets the one that git uses") {
  LoopbackServer loopback([](Exchange& exchange) {
    exchange.body();
    exchange.reply(404);
  });
  Fixture fixture("http://other:word@" + loopback.host() + "/a.git", "name");
  CHECK_THROWS_AS(fixture.server->ask(lfs::Operation::download, {object}), base::Error);
  REQUIRE(loopback.seen().size() == 1);
  CHECK(loopback.seen()[0].headers.at("authorization") ==
        http::basic_authorization("name", "the password").reveal());
}

TEST_CASE("a way back from another server takes the login not along") {
  LoopbackServer* home = nullptr;
  LoopbackServer elsewhere(
      [&](Exchange& exchange) { exchange.reply(307, {"Location: " + home->url("/back")}); });
  LoopbackServer loopback([&](Exchange& exchange) {
    if (exchange.target == "/end") return exchange.reply(200, {}, content);
    if (exchange.target == "/back") return exchange.reply(307, {"Location: /end"});
    exchange.reply(307, {"Location: " + elsewhere.url("/storage")});
  });
  home = &loopback;
  Fixture fixture(loopback.url("/a.git"), "name");
  auto answer = answer_with(loopback.url("/object"));
  answer.authenticated = false;
  SECTION("after a way there") {}
  SECTION("from where it begins") {
    answer.transfer->url = http::Url::parse(elsewhere.url("/x"));
  }
  lfs::DownloadSource bytes(*fixture.server, object, answer);
  CHECK(base::read_all(bytes, 1000, "it") == content);
  REQUIRE(loopback.lines().back() == "GET /end");
  for (const auto& seen : loopback.seen()) {
    CHECK(seen.headers.contains("authorization") == (seen.target == "/object"));
  }
}

TEST_CASE("what an action says about its request goes to no other server, nor back from one") {
  LoopbackServer* home = nullptr;
  LoopbackServer elsewhere([&](Exchange& exchange) {
    if (exchange.target == "/last") return exchange.reply(200, {}, content);
    if (exchange.target == "/storage") return exchange.reply(307, {"Location: /again"});
    exchange.reply(307, {"Location: " + home->url("/back")});
  });
  LoopbackServer loopback([&](Exchange& exchange) {
    if (exchange.target == "/here") return exchange.reply(307, {"Location: /there"});
    if (exchange.target == "/there") {
      return exchange.reply(307, {"Location: " + elsewhere.url("/storage")});
    }
    exchange.reply(307, {"Location: " + elsewhere.url("/last")});
  });
  home = &loopback;
  Fixture fixture(loopback.url("/a.git"), "name");
  auto answer = answer_with(loopback.url("/here"));
  answer.transfer->headers = {{"Authorization", base::Secret("Bearer action")},
                              {"X-Token", base::Secret("of the action")},
                              {"Content-Length", base::Secret("999")},
                              {"Transfer-Encoding", base::Secret("chunked")}};
  lfs::DownloadSource bytes(*fixture.server, object, answer);
  CHECK(base::read_all(bytes, 1000, "it") == content);
  REQUIRE(loopback.lines() == std::vector<std::string>{"GET /here", "GET /there", "GET /back"});
  const auto seen = loopback.seen();
  for (const size_t own : {0U, 1U}) {
    CHECK(seen[own].headers.at("authorization") == "Bearer action");
    CHECK(seen[own].headers.at("x-token") == "of the action");
    // The server would wait for bytes that never come.
    CHECK_FALSE(seen[own].headers.contains("content-length"));
    CHECK_FALSE(seen[own].headers.contains("transfer-encoding"));
  }
  std::vector<LoopbackServer::Seen> foreign = elsewhere.seen();
  foreign.push_back(seen[2]);
  CHECK(foreign.size() == 4);
  for (const auto& exchange : foreign) {
    CHECK_FALSE(exchange.headers.contains("authorization"));
    CHECK_FALSE(exchange.headers.contains("x-token"));
  }
}

TEST_CASE("what an action says about its request stands in place of what is usual") {
  LoopbackServer loopback([](Exchange& exchange) {
    exchange.body();
    exchange.reply(200);
  });
  Fixture fixture(loopback.url("/a.git"));
  auto answer = answer_with(loopback.url("/up"));
  // Storage that goes by a signature refuses any other type than the one that was signed.
  answer.transfer->headers = {{"content-TYPE", base::Secret("application/x-signed")},
                              {"X-Amz-Date", base::Secret("today")}};
  lfs::Exchange exchange;
  exchange.method = "PUT";
  exchange.plain_headers = {"Content-Type: application/octet-stream", "Accept: of ours"};
  exchange.open_body = [] { return std::make_unique<base::MemorySource>(content); };
  exchange.body_size = content.size();
  lfs::BorrowedClient client(fixture.server->clients());
  fixture.server->perform(client, answer, *answer.transfer, std::move(exchange));
  const auto headers = loopback.seen().back().headers;
  CHECK(headers.at("content-type") == "application/x-signed");
  CHECK(headers.at("x-amz-date") == "today");
  CHECK(headers.at("accept") == "of ours");
}

TEST_CASE("a file goes in chunks to a server that wants them so, and to no other") {
  std::string received;
  LoopbackServer elsewhere([&](Exchange& exchange) {
    received = exchange.body();
    exchange.reply(200);
  });
  LoopbackServer loopback([&](Exchange& exchange) {
    received = exchange.body();
    if (exchange.target == "/up") return exchange.reply(200);
    exchange.reply(307, {"Location: " + elsewhere.url("/up")});
  });
  Fixture fixture(loopback.url("/a.git"));
  const auto send = [&](const std::string& target, lfs::HeaderFields headers) {
    auto answer = answer_with(loopback.url(target));
    answer.transfer->headers = std::move(headers);
    lfs::Exchange exchange;
    exchange.method = "PUT";
    exchange.open_body = [] { return std::make_unique<base::MemorySource>(content); };
    exchange.body_size = content.size();
    lfs::BorrowedClient client(fixture.server->clients());
    fixture.server->perform(client, answer, *answer.transfer, std::move(exchange));
    CHECK(received == content);
  };
  const auto is_chunked = [](const LoopbackServer& server) {
    const auto headers = server.seen().back().headers;
    CHECK(headers.contains("content-length") != headers.contains("transfer-encoding"));
    return headers.contains("transfer-encoding");
  };
  const lfs::HeaderFields chunks = {{"transfer-encoding", base::Secret("Chunked")}};
  send("/up", {});
  CHECK_FALSE(is_chunked(loopback));
  send("/up", chunks);
  CHECK(is_chunked(loopback));
  send("/other", chunks);
  CHECK(is_chunked(loopback));
  CHECK_FALSE(is_chunked(elsewhere));
}
