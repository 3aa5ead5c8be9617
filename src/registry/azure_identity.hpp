#pragma once
#include <string>

#include "base/log.hpp"
#include "http/client.hpp"
#include "registry/surroundings.hpp"

namespace registry {

/// Whose identity in Microsoft's cloud is used.
struct AzureIdentity {
  /// managed: that of the machine, told by its metadata service. workload: that of a Kubernetes
  /// service account, whose token lies in a file (workload identity federation).
  enum class Kind { managed, workload };

  Kind kind = Kind::managed;
  std::string client_id{};  ///< Of a user-assigned identity; empty for the usual one.
  /// AzurePublic, AzureGovernment or AzureChina; else told by the registry's host.
  std::string environment{};
  std::string metadata_service = "http://169.254.169.254";
  Environment variables = process_environment;
};

/// A token of the identity for the management interface of the cloud that `registry_host` is in,
/// which `log` hides from then on. Error that says what to check.
std::string azure_token(const AzureIdentity& identity, const std::string& registry_host,
                        base::Log& log);

/// The text member `name` of a JSON answer; Error when there is none.
std::string token_in_answer(http::Response& response, const char* name);

}  // namespace registry
