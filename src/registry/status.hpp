#pragma once
#include "http/client.hpp"
#include "registry/client.hpp"

namespace registry {

/// Whether a request that was refused carried the user's credentials.
enum class Login { none, used };

/// What an answer that ends a request means, with the registry's own words and a remedy. Reads the
/// body of `response`.
StatusError make_status_error(http::Response& response, Login login);

}  // namespace registry
