#pragma once
#include <memory>
#include <string>

#include "git/channel.hpp"
#include "git/ssh_transport.hpp"

namespace git {

/// Connects, checks the host key, logs in and starts `command` on the far side.
std::unique_ptr<Channel> open_ssh_channel(const SshAddress& address, const RemoteOptions& options,
                                          const std::string& command, base::Log& log);

}  // namespace git
