#include "registry/acr.hpp"

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "registry/retry.hpp"
#include "registry/status.hpp"

namespace registry {
namespace {

using base::cat;

/// The user name that says that the password is a refresh token.
constexpr const char* token_user = "00000000-0000-0000-0000-000000000000";

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
        if (response.status == 200) return token_in_answer(response, "refresh_token");
        StatusError error = make_status_error(response, Login::irrelevant);
        error.add_context("check azure_tenant_id and that the identity may pull (role AcrPull)");
        // That nobody exchanges tokens there does not mean that there is no image.
        if (error.status() == 404) throw base::Error(error.what());
        throw error;
      });
}

}  // namespace

Credentials log_in_to_acr(const AcrOptions& options, const http::Url& home,
                          const http::Options& http, const Patience& patience, base::Log& log) {
  return base::with_context(cat("log in to ", base::printable(home.host)), [&] {
    http::Client client(http, log);
    Retry retry(patience, log);
    return retry.run([&]() -> Credentials {
      const std::string token = azure_token(options.identity, home.host, log);
      const std::string tenant =
          options.tenant_id.empty() ? tenant_of(client, home) : options.tenant_id;
      const std::string refresh = refresh_token(client, home, tenant, token);
      log.hide(refresh);
      return {token_user, base::Secret(refresh), true};
    });
  });
}

}  // namespace registry
