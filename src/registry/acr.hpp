#pragma once
#include <string>

#include "base/log.hpp"
#include "http/client.hpp"
#include "registry/azure_identity.hpp"
#include "registry/client.hpp"

namespace registry {

/// How to log in to Microsoft's Azure Container Registry with an identity of its cloud.
struct AcrOptions {
  AzureIdentity identity{};
  std::string tenant_id{};  ///< The registry's; else the one it names, else "common".
};

/// Exchanges the identity's token for a login of the registry `home` (https://HOST). Error that
/// names what to check.
Credentials log_in_to_acr(const AcrOptions& options, const http::Url& home,
                          const http::Options& http, const Patience& patience, base::Log& log);

}  // namespace registry
