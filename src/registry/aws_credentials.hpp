#pragma once
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "http/client.hpp"
#include "registry/surroundings.hpp"

namespace registry {

/// Who signs a request to Amazon's services.
struct AwsKeys {
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret session_token;  ///< Empty for long-lived keys.
};

/// What surrounds the program: replaced in tests.
struct AwsSurroundings {
  Environment environment = process_environment;
  std::string metadata_service = "http://169.254.169.254";
  std::string container_service = "http://169.254.170.2";
  std::string sts_endpoint{};  ///< Instead of the region's own.
};

/// "amazonaws.com", or the one of the regions in China, of the European sovereign cloud, and of
/// those that have no network with others.
std::string aws_domain(std::string_view region);

/// Whether a host is a registry of Amazon's, in any region, also one that is reached over IPv6.
bool is_ecr_host(std::string_view host);

/// Keys without any configuration, from where Amazon's own tools take them: environment variables,
/// a web identity token, the container service, the instance (IMDSv2). They are hidden in `log`.
/// Error that says what was tried; StatusError when asking again may help.
AwsKeys find_aws_keys(http::Client& client, const AwsSurroundings& around,
                      const std::string& region, base::Log& log);

/// Keys of a role that `keys` may take on (STS AssumeRole), hidden in `log`. StatusError when
/// asking again may help.
AwsKeys assume_role(http::Client& client, const AwsSurroundings& around, const std::string& region,
                    const AwsKeys& keys, const std::string& role_arn, base::Log& log);

/// What an error of Amazon's with this status and code comes to: too many requests are mostly told
/// with 400.
long aws_status(long status, std::string_view code);

/// A request signed with `keys`.
void sign(http::Request& request, const AwsKeys& keys, const std::string& region,
          const std::string& service);

}  // namespace registry
