#include "base/error.hpp"
#include "git/known_hosts.hpp"
#include "git/ssh_transport.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

std::string parsed(std::string_view uri) {
  const auto address = git::parse_ssh_address(uri);
  if (!address) return "none";
  return address->user + "|" + address->host + "|" + std::to_string(address->port) + "|" +
         address->path;
}

}  // namespace

TEST_CASE("ssh addresses are read as git reads them") {
  CHECK(parsed("ssh://git@host/org/repo.git") == "git|host|22|/org/repo.git");
  CHECK(parsed("ssh://host:2222/r") == "|host|2222|/r");
  CHECK(parsed("SSH://u@[::1]:22/r") == "u|::1|22|/r");
  CHECK(parsed("ssh://u@host/~bob/r") == "u|host|22|~bob/r");
  CHECK(parsed("ssh://u:secret@host/r") == "u|host|22|/r");
  CHECK(parsed("git@host:org/repo.git") == "git|host|22|org/repo.git");
  CHECK(parsed("git@host:/abs/repo") == "git|host|22|/abs/repo");
  CHECK(parsed("host:repo") == "|host|22|repo");
  CHECK(parsed("u@host:/~bob/r") == "u|host|22|~bob/r");
  CHECK(parsed("u@[::1]:repo") == "u|::1|22|repo");
  CHECK(parsed("u@[host:2222]:repo") == "u|host|2222|repo");
  CHECK(parsed("[u@host:2222]:/abs/repo") == "u|host|2222|/abs/repo");
  CHECK(parsed("[u@::1]:repo") == "u|::1|22|repo");
  CHECK(parsed("x[u@host:repo") == "|x[u@host|22|repo");
}

TEST_CASE("paths and other URLs are not taken for ssh") {
  for (const char* uri :
       {"/srv/git/a:b", "./a:b", "file:///x", "https://h/x", "https:/h/x", "host:", "nothing"}) {
    CAPTURE(uri);
    CHECK(parsed(uri) == "none");
  }
}

TEST_CASE("a broken ssh URL and a host that looks like an option are refused") {
  REQUIRE_THROWS_AS(git::parse_ssh_address("ssh://host"), base::Error);
  REQUIRE_THROWS_AS(git::parse_ssh_address("ssh://host:99999/x"), base::Error);
  REQUIRE_THROWS_AS(git::parse_ssh_address("ssh://-oProxyCommand=x/r"), base::Error);
}

TEST_CASE("an address that is shown holds no password") {
  CHECK(git::display_uri("https://user:pass@host/r?token=1") == "https://host/r");
  CHECK(git::display_uri("ssh://git:pass@host/r") == "ssh://git@host/r");
  CHECK(git::display_uri("git@host:r") == "git@host:r");
  CHECK(git::display_uri("https://user:half/pass@host/r") == "https://***@host/r");
  CHECK(git::display_uri("ssh://user:12/pass@host/r") == "ssh://***@host/r");
  CHECK(git::display_uri("https://host/@scope/r") == "https://host/@scope/r");
  CHECK(git::display_uri("https://user:half?pass@host/r") == "https://***@host/r");
  CHECK(git::display_uri("ssh://user:half#pass@host/r") == "ssh://***@host/r");
  CHECK(git::display_uri("https://user:h@lf?p@ss@host/r") == "https://***@");
  CHECK(git::display_uri("https://host:8443/r?token=ha@lf") == "https://***@");
  CHECK(git::display_uri("https://host/r?token=ha@lf") == "https://host/r");
  CHECK(git::display_uri("ssh://git@host/team/r@2") == "ssh://git@host/team/r@2");
  CHECK(git::display_uri("https://me@corp.test:pass@host/r") == "https://host/r");
}
