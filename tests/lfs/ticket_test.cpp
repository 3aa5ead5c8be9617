#include "base/error.hpp"
#include "lfs/server.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/loopback_server.hpp"

using namespace std::chrono_literals;

namespace {

const lfs::Object object{std::string(64, 'a'), 7, "opt/x"};

lfs::Answer answer_of_before(std::chrono::seconds age) {
  lfs::Answer answer;
  answer.transfer = lfs::Action{http::Url::parse("http://127.0.0.1/old"), {}, 3600s};
  answer.asked = std::chrono::steady_clock::now() - age;
  return answer;
}

}  // namespace

TEST_CASE("an address that expired while other files were under way is not used") {
  LoopbackServer loopback([](Exchange& exchange) {
    exchange.body();
    exchange.reply(
        200, {},
        R"({"objects":[{"oid":")" + object.oid + R"(","actions":{"download":{"href":"/new"}}}]})");
  });
  CapturedLog captured;
  lfs::Options options;
  options.remote.uri = loopback.url("/a.git");
  lfs::Server server(
      options, lfs::find_endpoint(options.remote.uri, ""), [](auto) {}, captured);
  const auto path_used = [&](std::chrono::seconds age) {
    lfs::Ticket ticket(server, lfs::Operation::download, object, answer_of_before(age));
    return ticket.use(1, [](const lfs::Answer& now) { return now.transfer->url.path; });
  };
  CHECK(path_used(1min) == "/old");
  CHECK(path_used(2h) == "/new");
}
