#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "git/transport.hpp"
#include "lfs/batch.hpp"
#include "lfs/endpoint.hpp"

namespace lfs {

/// What it takes to reach an LFS server.
struct Options {
  git::RemoteOptions remote;  ///< Of the repository; its certificates and login count here, too.
  std::string url;            ///< The server's address where it is not the usual one.
  std::string ref;            ///< Full name of the branch the files are for.
};

/// Who may go where: the login for the user's own server, which no other one gets to see, or what
/// the repository's ssh server hands out. Belongs to one thread at a time.
class Access {
 public:
  /// Everything secret that becomes known here is hidden in `log`. Both must outlive this.
  Access(const Options& options, const Endpoint& endpoint, base::Log& log);

  /// The server's address and the header fields its requests need, for one kind of operation.
  struct Pass {
    http::Url url;
    HeaderFields headers;
  };
  const Pass& pass(Operation operation);
  /// Drops a pass that the server refuses; false when there is no way to another one.
  bool renew();

  /// The user's own login for a request to `url`; empty for all servers but the user's.
  base::Secret authorization(const http::Url& url) const;

 private:
  Pass ask_over_ssh(Operation operation);

  const Options& options_;
  const Endpoint& endpoint_;
  base::Log& log_;
  http::Url trusted_;
  std::string username_;
  base::Secret password_;
  std::optional<Pass> pass_;
  std::optional<std::chrono::steady_clock::time_point> until_;
};

/// Hides all values of header fields in `log`: any of them may be a credential.
void hide(const HeaderFields& headers, base::Log& log);

}  // namespace lfs
