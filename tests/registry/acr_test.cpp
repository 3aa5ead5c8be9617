#include "registry/acr.hpp"

#include <fstream>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

using base::cat;
using Lines = std::vector<std::string>;

namespace {

/// The identity service of a machine and a registry on one port.
struct Azure {
  std::string challenge =
      R"(Bearer realm="https://r/oauth2/exchange?a=b&tenant=my%2Dtenant",service="r")";
  int identity_failures = 0;
  int exchange_status = 200;
  std::vector<std::string> forms;
  CapturedLog log;
  LoopbackServer server{[this](Exchange& exchange) { serve(exchange); }};

  void serve(Exchange& exchange) {
    if (exchange.target == "/v2/") {
      exchange.reply(401, {"WWW-Authenticate: " + challenge});
    } else if (exchange.target == "/oauth2/exchange") {
      forms.push_back(exchange.body());
      exchange.reply(exchange_status, {},
                     exchange_status == 200
                         ? R"({"refresh_token":"refresh"})"
                         : R"({"errors":[{"code":"UNAUTHORIZED","message":"wrong tenant"}]})");
    } else if (exchange.target == "/login/their%20tenant/oauth2/v2.0/token") {
      forms.push_back(exchange.body());
      exchange.reply(200, {}, R"({"access_token":"workload","expires_in":3599})");
    } else if (exchange.header("metadata") != "true") {
      exchange.reply(400);
    } else if (identity_failures-- > 0) {
      exchange.reply(404, {}, R"({"error":"not_ready"})");
    } else {
      exchange.reply(200, {}, R"({"access_token":"iden+tity","expires_in":"86400"})");
    }
  }

  registry::Credentials log_in(registry::AcrOptions options = {}) {
    options.identity.metadata_service = server.url("");
    registry::Patience patience;
    patience.sleep = [](std::chrono::milliseconds) {};
    return registry::log_in_to_acr(options, http::Url::parse(server.url("/")), {}, patience, log);
  }
};

}  // namespace

TEST_CASE("a managed identity becomes a login of its registry") {
  Azure azure;
  const registry::Credentials login = azure.log_in();
  CHECK(login.username == "00000000-0000-0000-0000-000000000000");
  CHECK(login.password.reveal() == "refresh");
  CHECK(azure.forms ==
        Lines{cat("grant_type=access_token&service=127.0.0.1%3A", azure.server.port(),
                  "&tenant=my-tenant&access_token=iden%2Btity")});
  CHECK(azure.server.lines().at(0) ==
        "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2F"
        "management.azure.com%2F");
}

TEST_CASE("identity, tenant and cloud can be chosen") {
  Azure azure;
  registry::AcrOptions options;
  options.identity.client_id = "my client";
  options.tenant_id = "theirs";
  options.identity.environment = "AzureChina";
  azure.log_in(options);
  CHECK(azure.server.lines() ==
        Lines{"GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2F"
              "management.chinacloudapi.cn%2F&client_id=my%20client",
              "POST /oauth2/exchange"});
  CHECK(contains(azure.forms.at(0), "&tenant=theirs&"));
  options.identity.environment = "AzureMoon";
  CHECK(contains(message_of([&] { azure.log_in(options); }), "none of AzurePublic"));
}

TEST_CASE("a registry that names no tenant is asked for the common one") {
  Azure azure;
  azure.challenge = R"(Bearer realm="https://r/oauth2/token",service="r")";
  azure.log_in();
  CHECK(contains(azure.forms.at(0), "&tenant=common&"));
}

TEST_CASE("an identity service that is not ready yet is waited for") {
  Azure azure;
  azure.identity_failures = 2;
  CHECK(azure.log_in().password.reveal() == "refresh");
}

TEST_CASE("a host that exchanges no tokens is not told as an image that is gone") {
  Azure azure;
  azure.exchange_status = 404;
  try {
    azure.log_in();
    FAIL("expected an error");
  } catch (const registry::StatusError& error) {
    CHECK(error.status() != 404);
  } catch (const base::Error& error) {
    CHECK(contains(error.what(), "check azure_tenant_id"));
  }
}

TEST_CASE("a refused exchange says what to check and no tokens") {
  Azure azure;
  azure.exchange_status = 401;
  const std::string message = message_of([&] { azure.log_in(); });
  CHECK(contains(message, "check azure_tenant_id"));
  CHECK(contains(message, "tenant my-tenant"));
  CHECK(contains(message, "wrong tenant"));
  CHECK_FALSE(contains(message, "username and password"));
  CHECK_FALSE(contains(message, "iden+tity"));
  CHECK_FALSE(contains(message, "iden%2Btity"));
}

TEST_CASE("a workload identity proves itself with the token of its service account") {
  ScratchDir directory;
  const std::string file = (directory.path() / "token").string();
  std::ofstream(file) << "proof+1\n";
  Azure azure;
  std::map<std::string, std::string> variables = {
      {"AZURE_TENANT_ID", "their tenant"},
      {"AZURE_CLIENT_ID", "its id"},
      {"AZURE_FEDERATED_TOKEN_FILE", file},
      {"AZURE_AUTHORITY_HOST", azure.server.url("/login")}};
  registry::AcrOptions options;
  options.identity.kind = registry::AzureIdentity::Kind::workload;
  options.identity.variables = [&](const char* name) { return variables[name]; };
  const std::string form =
      "grant_type=client_credentials&client_id=its%20id&scope=https%3A%2F%2Fmanagement.azure.com%2F"
      ".default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
      "jwt-bearer&client_assertion=proof%2B1";

  SECTION("and its token is exchanged like any other") {
    CHECK(azure.log_in(options).password.reveal() == "refresh");
    CHECK(azure.forms.at(0) == form);
    // The registry's tenant is not the identity's.
    CHECK(contains(azure.forms.at(1), "&tenant=my-tenant&access_token=workload"));
  }
  SECTION("unless its surroundings are incomplete") {
    for (const char* name : {"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"}) {
      const std::string kept = std::exchange(variables[name], "");
      CHECK(contains(message_of([&] { azure.log_in(options); }), cat(name, " is not set")));
      variables[name] = kept;
    }
    variables["AZURE_FEDERATED_TOKEN_FILE"] = file + ".gone";
    CHECK(contains(message_of([&] { azure.log_in(options); }), "cannot read a token"));
    // Half a token would be told as a wrong one.
    std::ofstream(file) << std::string(70'000, 'x');
    variables["AZURE_FEDERATED_TOKEN_FILE"] = file;
    CHECK(contains(message_of([&] { azure.log_in(options); }), "cannot read a token"));
    CHECK(azure.forms.empty());
  }
  SECTION("which is not sent in clear text") {
    variables["AZURE_AUTHORITY_HOST"] = "http://login.example/";
    CHECK(contains(message_of([&] { azure.log_in(options); }), "is not https"));
  }
  SECTION("under the name that the source gives") {
    options.identity.client_id = "chosen";
    azure.log_in(options);
    CHECK(contains(azure.forms.at(0), "&client_id=chosen&"));
  }
}

TEST_CASE("a token that was lent to the program does not come out in the log") {
  Azure azure;
  azure.log_in();
  azure.log->info("the registry quotes iden+tity, iden%2Btity and refresh");
  CHECK(contains(azure.log.text(), "the registry quotes ***, *** and ***"));
}
