#include "git/tcp_connect.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace git {
namespace {

using base::cat;
using http::TransportError;
using Clock = std::chrono::steady_clock;
using Addresses = base::Handle<addrinfo, freeaddrinfo>;

constexpr std::chrono::milliseconds poll_interval{200};
constexpr int keepalive_seconds = 60;

/// What the resolving thread leaves; that thread may outlive whoever asked.
struct Lookup {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  int result = 0;
  Addresses addresses;
};

Addresses resolve(const std::string& host, unsigned port, Clock::time_point deadline) {
  const auto lookup = std::make_shared<Lookup>();
  // The resolver blocks for as long as it likes and cannot be told to stop, so nobody waits for its
  // thread.
  std::thread([lookup, host, service = std::to_string(port)] {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int result = getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
    const std::lock_guard lock(lookup->mutex);
    lookup->addresses.reset(found);
    lookup->result = result;
    lookup->finished = true;
    lookup->done.notify_all();
  }).detach();
  std::unique_lock lock(lookup->mutex);
  while (!lookup->finished) {
    base::throw_if_cancelled();
    if (Clock::now() > deadline) {
      throw TransportError(TransportError::Cause::timeout, "the name server does not answer");
    }
    lookup->done.wait_for(lock, poll_interval);
  }
  if (lookup->result != 0) {
    throw TransportError(TransportError::Cause::resolve,
                         cat("cannot resolve the host name: ", gai_strerror(lookup->result)));
  }
  return std::move(lookup->addresses);
}

/// 0, or the error number.
int connect_one(int fd, const addrinfo& address, Clock::time_point deadline) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  for (;;) {
    base::throw_if_cancelled();
    if (Clock::now() > deadline) return ETIMEDOUT;
    pollfd waiting{fd, POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(poll_interval.count())) > 0) break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

void set_number(int fd, int level, int option, int value) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) {
    base::throw_errno("set up a connection");
  }
}

void set_up(int fd) {
  // A question that follows on another message must not wait until the far side has acknowledged
  // that: it takes its time, and the line as well (RFC 896).
  set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // While a server unpacks for minutes, routers on the way forget a connection that is silent. As
  // libcurl does it.
  set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_seconds);
  set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_seconds);
}

}  // namespace

base::UniqueFd tcp_connect(const std::string& host, unsigned port, std::chrono::seconds timeout) {
  const Addresses addresses = resolve(host, port, Clock::now() + timeout);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    base::UniqueFd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
      error = errno;
      continue;
    }
    // An address that swallows packets must leave time for the next one.
    const auto share = address->ai_next == nullptr ? timeout : timeout / 3;
    error = connect_one(fd.get(), *address, Clock::now() + share);
    if (error == 0) {
      set_up(fd.get());
      return fd;
    }
  }
  throw TransportError(
      error == ETIMEDOUT ? TransportError::Cause::timeout : TransportError::Cause::connect,
      cat("cannot connect: ", std::strerror(error), "; check host, port and firewall"));
}

}  // namespace git
