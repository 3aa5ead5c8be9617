#pragma once
#include <memory>
#include <string>

#include "base/error.hpp"
#include "git/channel.hpp"
#include "git/ssh_transport.hpp"

namespace git {

struct SshCommand {
  std::string line;
  Protocol protocol = Protocol::v0;  ///< Many servers do not let it through; then it is 0.
};

/// The server cannot be asked for version 2, and for nothing else on this connection any more.
class VersionIgnored : public base::Error {
 public:
  using base::Error::Error;
};

/// Connects, checks the host key, logs in and starts `command` on the far side.
/// http::TransportError where there is no connection, VersionIgnored where there may be another one
/// in version 0, Error behind that.
std::unique_ptr<Channel> open_ssh_channel(const SshAddress& address, const RemoteOptions& options,
                                          const SshCommand& command, base::Log& log);

}  // namespace git
