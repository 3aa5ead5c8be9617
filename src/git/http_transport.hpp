#pragma once
#include <memory>

#include "git/transport.hpp"

namespace git {

/// Smart HTTP (gitprotocol-http) with Basic authentication.
std::unique_ptr<Transport> open_http_transport(const RemoteOptions& options, base::Log& log);

}  // namespace git
