#pragma once
#include <memory>

#include "git/transport.hpp"
#include "http/retry.hpp"

namespace git {

/// Smart HTTP (gitprotocol-http) with Basic authentication. What only reads is asked again where
/// the failure may pass; a push is not.
std::unique_ptr<Transport> open_http_transport(const RemoteOptions& options, base::Log& log,
                                               http::Sleep sleep = http::pause);

}  // namespace git
