#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "git/transport.hpp"

namespace git {

/// Where an SSH repository is.
struct SshAddress {
  std::string user;  ///< "" when the URI names none.
  std::string host;
  unsigned port = 22;
  std::string path;  ///< As the far side's git gets it.
};

/// Reads ssh://[user@]host[:port]/path and user@host:path (git-clone, GIT URLS); nothing when `uri`
/// has neither form.
std::optional<SshAddress> parse_ssh_address(std::string_view uri);

/// Git services over SSH, authenticated by private key or password. The host key must stand in
/// known_hosts; without known_hosts the Error holds the line to paste.
std::unique_ptr<Transport> open_ssh_transport(SshAddress address, const RemoteOptions& options,
                                              base::Log& log);

/// What `program` prints on the far side when it is given the repository's path and `word`. Error
/// with its words when it prints nothing, or very much.
std::string ask_over_ssh(SshAddress address, const RemoteOptions& options, std::string_view program,
                         std::string_view word, base::Log& log);

}  // namespace git
