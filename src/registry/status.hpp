#pragma once
#include "http/client.hpp"
#include "registry/client.hpp"

namespace registry {

/// How the login has to do with a refusal.
enum class Login {
  none,        ///< There is none.
  unasked,     ///< The registry was content to refuse without it.
  password,    ///< The user's was refused.
  padded,      ///< So was the user's, and it begins or ends with white space.
  cloud,       ///< One that was fetched from a cloud's services was refused.
  irrelevant,  ///< Somebody else answered, who does not get it.
};

/// What an answer that ends a request means, with the registry's own words and a remedy. Reads the
/// body of `response`.
StatusError make_status_error(http::Response& response, Login login);

}  // namespace registry
