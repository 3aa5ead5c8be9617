#pragma once
#include <string>

#include "base/log.hpp"
#include "http/client.hpp"
#include "registry/client.hpp"

namespace registry {

/// How to log in to Microsoft's Azure Container Registry with a managed identity.
struct AcrOptions {
  std::string client_id{};  ///< Of a user-assigned identity; empty for the machine's own.
  std::string tenant_id{};  ///< Else the one the registry names, else "common".
  std::string
      environment{};  ///< AzurePublic, AzureGovernment or AzureChina; else told by the host.
  std::string metadata_service = "http://169.254.169.254";
};

/// Exchanges the identity's token for a login of the registry `home` (https://HOST). Error that
/// names what to check.
Credentials log_in_to_acr(const AcrOptions& options, const http::Url& home,
                          const http::Options& http, const Patience& patience, base::Log& log);

}  // namespace registry
