#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/stream.hpp"
#include "http/client.hpp"
#include "lfs/batch.hpp"

namespace lfs {

/// One request, which may have to be made again elsewhere.
struct Exchange {
  std::string method = "GET";
  http::Url url;
  HeaderFields headers;                    ///< For this server alone: no redirect takes them on.
  std::vector<std::string> plain_headers;  ///< "Name: value", without secrets.
  std::optional<std::string> content;      ///< A small body.
  std::function<std::unique_ptr<base::ByteSource>()> open_body;  ///< Or a large one of body_size.
  uint64_t body_size = 0;
};

/// An answer, and the body that was sent for it.
struct Reply {
  std::unique_ptr<base::ByteSource> sent;
  http::Response response;
  http::Url url;  ///< That answered.
};

/// The user's login for a URL; empty for servers that must not see it.
using AuthorizationFor = std::function<base::Secret(const http::Url&)>;

/// Sends a request and follows redirects with the same method, but never from https to http.
Reply send(http::Client& client, const Exchange& exchange, const AuthorizationFor& authorization);

/// HTTP clients for threads that come and go: connections are kept for the next one.
class Clients {
 public:
  Clients(http::Options options, base::Log& log) : options_(std::move(options)), log_(log) {}

  /// A client that nobody else uses meanwhile.
  std::unique_ptr<http::Client> take();
  void give_back(std::unique_ptr<http::Client> client) noexcept;

 private:
  http::Options options_;
  base::Log& log_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<http::Client>> idle_;  ///< With room for all that were made.
  size_t made_ = 0;
};

/// Holds a client as long as it lives.
class BorrowedClient {
 public:
  explicit BorrowedClient(Clients& clients) : clients_(clients), client_(clients.take()) {}
  ~BorrowedClient() { clients_.give_back(std::move(client_)); }
  BorrowedClient(const BorrowedClient&) = delete;
  BorrowedClient& operator=(const BorrowedClient&) = delete;
  http::Client& operator*() const { return *client_; }

 private:
  Clients& clients_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace lfs
