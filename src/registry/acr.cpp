#include "registry/acr.hpp"

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "registry/retry.hpp"
#include "registry/status.hpp"

namespace registry {
namespace {

using base::cat;
using base::Error;

constexpr size_t answer_limit = 256 * 1024;

/// The user name that says that the password is a refresh token.
constexpr const char* token_user = "00000000-0000-0000-0000-000000000000";

/// What the identity's token is asked for: the management interface of the registry's cloud.
std::string cloud_resource(const std::string& environment, const std::string& host) {
  const std::string name = base::to_lower(environment);
  if (name == "azuregovernment" || name == "azureusgovernment" ||
      (name.empty() && host.ends_with(".azurecr.us"))) {
    return "https://management.usgovcloudapi.net/";
  }
  if (name == "azurechina" || (name.empty() && host.ends_with(".azurecr.cn"))) {
    return "https://management.chinacloudapi.cn/";
  }
  if (name.empty() || name == "azurepublic" || name == "azurecloud") {
    return "https://management.azure.com/";
  }
  throw Error(cat("azure_environment: ", base::printable(environment),
                  " is none of AzurePublic, AzureGovernment, AzureChina"));
}

std::string token_in(http::Response& response, const char* member) {
  const std::string text = base::read_all(*response.body, answer_limit, "the answer");
  const base::JsonDocument document = base::JsonDocument::parse(text, "the answer");
  std::string token = document.root().at(member).string_or("");
  if (token.empty()) throw Error(cat("the answer has no ", member));
  return token;
}

std::string identity_token(const AcrOptions& options, const std::string& resource, base::Log& log) {
  // Outside of Azure nobody answers there.
  http::Options http;
  http.connect_timeout = std::chrono::seconds(2);
  http::Client client(http, log);
  http::Request request;
  request.url = http::Url::parse(cat(options.metadata_service,
                                     "/metadata/identity/oauth2/token?api-version=2018-02-01&",
                                     "resource=", base::percent_encode(resource)));
  if (!options.client_id.empty()) {
    request.url.query += cat("&client_id=", base::percent_encode(options.client_id));
  }
  request.headers = {"Metadata: true"};
  request.use_proxy = http::UseProxy::no;
  request.stall_timeout = std::chrono::seconds(30);
  return base::with_context(
      "the instance's identity service (is the worker on Azure, with a managed identity?)", [&] {
        http::Response response = client.send(request);
        if (response.status == 200) return token_in(response, "access_token");
        StatusError error = make_status_error(response, Login::none);
        // This service answers so while it starts or moves; elsewhere it would be final.
        const bool starting = response.status == 404 || response.status == 410;
        throw StatusError(starting ? 503 : error.status(), error.what(), error.limit());
      });
}

/// The tenant in the realm of the registry's challenge, "https://HOST/oauth2/exchange?tenant=...".
std::string tenant_of(http::Client& client, const http::Url& home) {
  http::Request request;
  request.url = home;
  request.url.path = "/v2/";
  const http::Response response = client.send(request);
  for (const http::Challenge& challenge :
       http::parse_challenges(response.headers.all("WWW-Authenticate"))) {
    const std::string realm = challenge.get("realm");
    const size_t question = std::min(realm.find('?'), realm.size());
    for (const std::string_view pair : base::split(std::string_view(realm).substr(question), '&')) {
      const std::string_view name = pair.starts_with('?') ? pair.substr(1) : pair;
      if (name.starts_with("tenant=")) return base::percent_decode(name.substr(7));
    }
  }
  return "common";
}

std::string refresh_token(http::Client& client, const http::Url& home, const std::string& tenant,
                          const std::string& access_token) {
  http::Request request;
  request.method = "POST";
  request.url = home;
  request.url.path = "/oauth2/exchange";
  request.headers = {"Content-Type: application/x-www-form-urlencoded"};
  request.content = base::Secret(cat(
      "grant_type=access_token&service=", base::percent_encode(home.host_and_port()), "&tenant=",
      base::percent_encode(tenant), "&access_token=", base::percent_encode(access_token)));
  return base::with_context(
      cat("exchange the identity's token for one of the registry, tenant ",
          base::printable(tenant)),
      [&] {
        http::Response response = client.send(request);
        if (response.status == 200) return token_in(response, "refresh_token");
        StatusError error = make_status_error(response, Login::used);
        error.add_context("check azure_tenant_id and that the identity may pull (role AcrPull)");
        throw error;
      });
}

}  // namespace

Credentials log_in_to_acr(const AcrOptions& options, const http::Url& home,
                          const http::Options& http, const Patience& patience, base::Log& log) {
  return base::with_context(cat("log in to ", base::printable(home.host)), [&] {
    const std::string resource = cloud_resource(options.environment, home.host);
    http::Client client(http, log);
    Retry retry(patience, log);
    return retry.run([&]() -> Credentials {
      const std::string token = identity_token(options, resource, log);
      const std::string tenant =
          options.tenant_id.empty() ? tenant_of(client, home) : options.tenant_id;
      const std::string refresh = refresh_token(client, home, tenant, token);
      log.hide(refresh);
      return {token_user, base::Secret(refresh)};
    });
  });
}

}  // namespace registry
