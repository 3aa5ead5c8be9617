#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "registry/aws_credentials.hpp"
#include "registry/client.hpp"

namespace registry {

/// How to log in to Amazon's Elastic Container Registry.
struct EcrOptions {
  std::string region;
  std::optional<AwsKeys> keys{};         ///< Else searched for; see find_aws_keys.
  std::vector<std::string> role_arns{};  ///< Taken on one after the other.
  std::string account_id{};              ///< Whose registry; that of the keys when empty.
  std::string endpoint{};                ///< Address of the ECR API instead of the region's own.
  AwsSurroundings around{};
};

/// A registry's host and the password for the next twelve hours.
struct CloudLogin {
  std::string host;
  Credentials credentials;
};

/// Asks the ECR API for a login (GetAuthorizationToken). Error that names what to check.
CloudLogin log_in_to_ecr(const EcrOptions& options, const http::Options& http,
                         const Patience& patience, base::Log& log);

}  // namespace registry
