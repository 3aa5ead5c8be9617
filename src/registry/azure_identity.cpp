#include "registry/azure_identity.hpp"

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "registry/status.hpp"

namespace registry {
namespace {

using base::cat;
using base::Error;

constexpr size_t answer_limit = 256 * 1024;

struct Cloud {
  const char* resource;   ///< The management interface, which a token is asked for.
  const char* authority;  ///< Where tokens of workload identities come from.
};

Cloud cloud_of(const std::string& environment, const std::string& host) {
  const std::string name = base::to_lower(environment);
  if (name == "azuregovernment" || name == "azureusgovernment" ||
      (name.empty() && host.ends_with(".azurecr.us"))) {
    return {"https://management.usgovcloudapi.net/", "https://login.microsoftonline.us/"};
  }
  if (name == "azurechina" || (name.empty() && host.ends_with(".azurecr.cn"))) {
    return {"https://management.chinacloudapi.cn/", "https://login.chinacloudapi.cn/"};
  }
  if (name.empty() || name == "azurepublic" || name == "azurecloud") {
    return {"https://management.azure.com/", "https://login.microsoftonline.com/"};
  }
  throw Error(cat("source.azure_environment: ", base::printable(environment),
                  " is none of AzurePublic, AzureGovernment, AzureChina"));
}

std::string managed_token(const AzureIdentity& identity, const std::string& resource,
                          base::Log& log) {
  // Outside of Azure nobody answers there.
  http::Options options;
  options.connect_timeout = std::chrono::seconds(2);
  http::Client client(options, log);
  http::Request request;
  request.url = http::Url::parse(cat(identity.metadata_service,
                                     "/metadata/identity/oauth2/token?api-version=2018-02-01&",
                                     "resource=", base::percent_encode(resource)));
  if (!identity.client_id.empty()) {
    request.url.query += cat("&client_id=", base::percent_encode(identity.client_id));
  }
  request.headers = {"Metadata: true"};
  request.use_proxy = http::UseProxy::no;
  request.stall_timeout = std::chrono::seconds(30);
  return base::with_context(
      "the instance's identity service (is the worker on Azure, with a managed identity?)", [&] {
        http::Response response = client.send(request);
        if (response.status == 200) return token_in_answer(response, "access_token");
        StatusError error = make_status_error(response, Login::irrelevant);
        // This service answers so while it starts or moves; elsewhere it would be final.
        const bool starting = response.status == 404 || response.status == 410;
        throw StatusError(starting ? 503 : error.status(), error.what(), error.limit());
      });
}

std::string required(const AzureIdentity& identity, const char* name) {
  std::string value = identity.variables(name);
  if (value.empty()) {
    throw Error(cat(name, " is not set: is the worker's service account set up for workload ",
                    "identity?"));
  }
  return value;
}

/// The service account's token is the proof of who asks (RFC 7523, client assertion).
std::string workload_token(const AzureIdentity& identity, const Cloud& cloud, base::Log& log) {
  const std::string tenant = required(identity, "AZURE_TENANT_ID");
  const std::string client_id =
      identity.client_id.empty() ? required(identity, "AZURE_CLIENT_ID") : identity.client_id;
  const std::string proof = read_token(required(identity, "AZURE_FEDERATED_TOKEN_FILE"), log);
  std::string authority = identity.variables("AZURE_AUTHORITY_HOST");
  if (authority.empty()) authority = cloud.authority;
  if (!authority.ends_with('/')) authority += '/';

  http::Client client({}, log);
  http::Request request;
  request.method = "POST";
  request.url =
      http::Url::parse(cat(authority, base::percent_encode(tenant), "/oauth2/v2.0/token"));
  if (!request.url.secure() && !http::is_loopback_host(request.url.host)) {
    throw Error(cat("AZURE_AUTHORITY_HOST: ", request.url.display(), " is not https"));
  }
  request.headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"};
  request.content = base::Secret(cat(
      "grant_type=client_credentials&client_id=", base::percent_encode(client_id),
      "&scope=", base::percent_encode(cat(cloud.resource, ".default")), "&client_assertion_type=",
      base::percent_encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
      "&client_assertion=", base::percent_encode(proof)));
  return base::with_context(cat("workload identity, tenant ", base::printable(tenant)), [&] {
    http::Response response = client.send(request);
    if (response.status == 200) return token_in_answer(response, "access_token");
    throw make_status_error(response, Login::irrelevant);
  });
}

}  // namespace

std::string token_in_answer(http::Response& response, const char* name) {
  const std::string text = base::read_all(*response.body, answer_limit, "the answer");
  const base::JsonDocument document = base::JsonDocument::parse(text, "the answer");
  std::string token = document.root().at(name).string_or("");
  if (token.empty()) throw Error(cat("the answer has no ", name));
  return token;
}

std::string azure_token(const AzureIdentity& identity, const std::string& registry_host,
                        base::Log& log) {
  const Cloud cloud = cloud_of(identity.environment, registry_host);
  std::string token = identity.kind == AzureIdentity::Kind::workload
                          ? workload_token(identity, cloud, log)
                          : managed_token(identity, cloud.resource, log);
  log.hide(token);
  return token;
}

}  // namespace registry
