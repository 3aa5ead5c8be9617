#pragma once
#include <memory>

#include "git/patience.hpp"
#include "git/transport.hpp"
#include "http/backoff.hpp"

namespace git {

/// Smart HTTP (gitprotocol-http) with Basic authentication. What only reads is asked again where
/// the failure may pass; a push is not.
std::unique_ptr<Transport> open_http_transport(const RemoteOptions& options, base::Log& log,
                                               Patience::Sleep sleep = http::pause);

}  // namespace git
