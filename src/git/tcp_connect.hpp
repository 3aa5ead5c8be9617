#pragma once
#include <chrono>
#include <string>

#include "base/handle.hpp"

namespace git {

/// A connection to `host`, whose addresses are tried in turn. Unlike the resolver's own calls it
/// can be cancelled at any moment. http::TransportError naming what went wrong with the last
/// address.
base::UniqueFd tcp_connect(const std::string& host, unsigned port, std::chrono::seconds timeout);

}  // namespace git
