#include "registry/ecr.hpp"

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "registry/retry.hpp"

namespace registry {
namespace {

using base::cat;
using base::Error;

constexpr size_t answer_limit = 64 * 1024;

/// Amazon's tools write "fips-us-east-1" or "us-east-1-fips" for the hosts of US federal standard.
struct Region {
  std::string name;
  bool fips = false;
};

Region parse_region(std::string text, const AwsSurroundings& around) {
  Region region{std::move(text), around.environment("AWS_USE_FIPS_ENDPOINT") == "true"};
  if (region.name.starts_with("fips-")) {
    region = {region.name.substr(5), true};
  } else if (region.name.ends_with("-fips")) {
    region = {region.name.substr(0, region.name.size() - 5), true};
  }
  const bool good =
      !region.name.empty() &&
      region.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!good) {
    throw Error(cat("source.aws_region: ", base::printable(region.name),
                    " is not a region, such as eu-central-1"));
  }
  return region;
}

std::string remedy(std::string_view type) {
  if (type == "InvalidSignatureException") {
    return "; check aws_secret_access_key and the worker's clock";
  }
  if (type == "ExpiredTokenException") return "; renew aws_session_token";
  if (type == "UnrecognizedClientException" || type == "InvalidClientTokenId") {
    return "; check aws_access_key_id, aws_session_token and aws_region";
  }
  if (type.starts_with("AccessDenied")) {
    return "; allow ecr:GetAuthorizationToken, or set aws_role_arn";
  }
  return "";
}

[[noreturn]] void refuse(http::Response& response) {
  std::string type;
  std::string message;
  try {
    const std::string text = base::read_all(*response.body, answer_limit, "the answer");
    const base::JsonDocument document = base::JsonDocument::parse(text, "the answer");
    type = document.root().at("__type").string_or("");
    type = type.substr(type.rfind('#') + 1);
    message = document.root().at("message").string_or("");
    if (message.empty()) message = document.root().at("Message").string_or("");
  } catch (const Error&) {
    message = "in words that are not JSON";
  }
  throw StatusError(
      aws_status(response.status, type),
      cat("the ECR API answered ", response.status, ": ", base::excerpt(type),
          type.empty() ? "" : ": ", base::excerpt(message, base::sentence_limit), remedy(type)),
      {});
}

/// What asks for a login, at `endpoint` or, where that is "", at the region's own.
http::Request question(const std::string& endpoint, const Region& region) {
  const std::string_view api = region.fips ? "ecr-fips." : "api.ecr.";
  http::Request request;
  request.method = "POST";
  request.url = http::Url::parse(
      endpoint.empty() ? cat("https://", api, region.name, ".", aws_domain(region.name), "/")
                       : endpoint);
  request.headers = {"Content-Type: application/x-amz-json-1.1",
                     "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"};
  request.content = base::Secret("{}");
  return request;
}

CloudLogin read_login(http::Response& response, base::Log& log) {
  const std::string text = base::read_all(*response.body, answer_limit, "the answer");
  const base::JsonDocument document = base::JsonDocument::parse(text, "the answer");
  const auto entries = document.root().at("authorizationData").items();
  if (entries.empty()) throw Error("the answer has no authorizationData");
  const base::JsonView& entry = entries.front();
  const std::string token = entry.at("authorizationToken").string_or("");
  log.hide(token);
  const auto pair = base::base64_decode(token);
  const size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) throw Error("the answer has no usable authorizationToken");
  log.hide(std::string_view(*pair).substr(colon + 1));
  const http::Url proxy = http::Url::parse(entry.at("proxyEndpoint").string());
  return {proxy.host_and_port(),
          {pair->substr(0, colon), base::Secret(pair->substr(colon + 1)), true}};
}

}  // namespace

CloudLogin log_in_to_ecr(const EcrOptions& options, const http::Options& http,
                         const Patience& patience, base::Log& log) {
  const Region region = parse_region(options.region, options.around);
  return base::with_context(cat("log in to ECR in ", region.name), [&] {
    // A client certificate is for a registry, not for Amazon's API.
    http::Options api_options = http;
    api_options.client_cert = base::Secret();
    api_options.client_key = base::Secret();
    http::Client client(api_options, log);
    Retry retry(patience, log);
    CloudLogin login = retry.run([&] {
      AwsKeys keys =
          options.keys ? *options.keys : find_aws_keys(client, options.around, region.name, log);
      for (const std::string& role : options.role_arns) {
        keys = assume_role(client, options.around, region.name, keys, role, log);
      }
      http::Request request = question(options.endpoint, region);
      sign(request, keys, region.name, "ecr");
      http::Response response = client.send(request);
      if (response.status != 200) refuse(response);
      return read_login(response, log);
    });
    if (!options.account_id.empty()) {
      login.host = cat(options.account_id, ".dkr.", region.fips ? "ecr-fips" : "ecr", ".",
                       region.name, ".", aws_domain(region.name));
    }
    return login;
  });
}

}  // namespace registry
