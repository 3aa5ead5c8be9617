#include "git/tcp_connect.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

struct Listener {
  base::UniqueFd fd;
  unsigned port = 0;
};

Listener listen_on_loopback() {
  Listener listener{base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener.fd.get(), generic, size) == 0);
  REQUIRE(::listen(listener.fd.get(), 1) == 0);
  REQUIRE(::getsockname(listener.fd.get(), generic, &size) == 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

int setting_of_connection(int level, int option) {
  const Listener listener = listen_on_loopback();
  const auto fd = git::tcp_connect("127.0.0.1", listener.port, std::chrono::seconds(5));
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd.get(), level, option, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("a name whose first address refuses is tried at the next one") {
  // "localhost" is ::1 first where there is IPv6; only 127.0.0.1 listens.
  const Listener listener = listen_on_loopback();
  CHECK(git::tcp_connect("localhost", listener.port, std::chrono::seconds(5)));
}

TEST_CASE("a port nobody listens on is an error that says so") {
  Listener listener = listen_on_loopback();
  listener.fd.reset();
  CHECK(contains(
      message_of([&] { git::tcp_connect("127.0.0.1", listener.port, std::chrono::seconds(5)); }),
      "refused"));
}

TEST_CASE("small messages in a row do not wait for the far side to acknowledge the first") {
  CHECK(setting_of_connection(IPPROTO_TCP, TCP_NODELAY) != 0);
}

TEST_CASE("routers on the way do not forget a connection while the server works in silence") {
  CHECK(setting_of_connection(SOL_SOCKET, SO_KEEPALIVE) != 0);
  CHECK(setting_of_connection(IPPROTO_TCP, TCP_KEEPIDLE) == 60);
  CHECK(setting_of_connection(IPPROTO_TCP, TCP_KEEPINTVL) == 60);
}
