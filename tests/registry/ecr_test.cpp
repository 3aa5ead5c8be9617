#include "registry/ecr.hpp"

#include <fstream>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

using base::cat;
using Lines = std::vector<std::string>;

namespace {

std::string login_answer() {
  return cat(
      R"({"authorizationData":[{"authorizationToken":")", base::base64_encode("AWS:pass:word"),
      R"(","expiresAt":1.5E9,"proxyEndpoint":"https://1234.dkr.ecr.eu-west-1.amazonaws.com"}]})");
}

std::string sts_answer(const std::string& id) {
  return cat("<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>", id,
             "</AccessKeyId><SecretAccessKey>s/", id, "+</SecretAccessKey><SessionToken>t/", id,
             "==</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>");
}

std::string json_keys(const std::string& id) {
  return cat(R"({"Code":"Success","AccessKeyId":")", id, R"(","SecretAccessKey":"s/)", id,
             R"(","Token":"t/)", id, R"(","Expiration":"2030-01-01T00:00:00Z"})");
}

/// All of Amazon's services on one port.
struct Amazon {
  std::map<std::string, std::string> variables;
  std::vector<std::string> forms;
  std::vector<std::string> signers;  ///< Key and session token of each login.
  int status = 200;
  std::string body = login_answer();
  std::string busy;  ///< Where requests are refused for the moment, once.
  int busy_status = 503;
  std::string busy_body;
  CapturedLog log;
  LoopbackServer server{[this](Exchange& exchange) { serve(exchange); }};

  void serve(Exchange& exchange) {
    const std::string content = exchange.body();
    const std::string authorization = exchange.header("authorization");
    if (exchange.target == busy) {
      busy.clear();
      exchange.reply(busy_status, {}, busy_body);
    } else if (exchange.target == "/latest/api/token") {
      exchange.reply(exchange.method == "PUT" ? 200 : 405, {}, "session");
    } else if (exchange.target == "/latest/meta-data/iam/security-credentials/") {
      exchange.reply(exchange.header("x-aws-ec2-metadata-token") == "session" ? 200 : 401, {},
                     "worker-role\n");
    } else if (exchange.target == "/latest/meta-data/iam/security-credentials/worker-role") {
      exchange.reply(200, {}, json_keys("INSTANCE"));
    } else if (exchange.target == "/task") {
      exchange.reply(authorization == "container token" ? 200 : 403, {}, json_keys("CONTAINER"));
    } else if (exchange.target == "/sts") {
      forms.push_back(content);
      signers.push_back(signer(exchange));
      exchange.reply(200, {}, sts_answer(cat("ROLE", forms.size())));
    } else {
      signers.push_back(signer(exchange));
      exchange.reply(status, {}, body);
    }
  }

  /// "KEY service token"
  static std::string signer(Exchange& exchange) {
    const std::string authorization = exchange.header("authorization");
    if (authorization.empty()) return "nobody";
    const auto scope =
        base::split(std::string_view(authorization).substr(authorization.find('=') + 1), '/');
    return cat(scope.at(0), " ", scope.at(2), "/", scope.at(3), " ",
               exchange.header("x-amz-security-token"));
  }

  registry::EcrOptions options() {
    registry::EcrOptions ecr;
    ecr.region = "eu-west-1";
    ecr.endpoint = server.url("/ecr");
    ecr.around.environment = [this](const char* name) { return variables[name]; };
    ecr.around.metadata_service = server.url("");
    ecr.around.container_service = server.url("");
    ecr.around.sts_endpoint = server.url("/sts");
    return ecr;
  }

  registry::CloudLogin log_in(const registry::EcrOptions& ecr) {
    registry::Patience patience;
    patience.sleep = [](std::chrono::milliseconds) {};
    return registry::log_in_to_ecr(ecr, {}, patience, log);
  }
};

const registry::AwsKeys static_keys{"STATIC", base::Secret("hunter2"), base::Secret()};

}  // namespace

TEST_CASE("ECR gives a login for given keys") {
  Amazon amazon;
  registry::EcrOptions options = amazon.options();
  options.keys = static_keys;
  const registry::CloudLogin login = amazon.log_in(options);
  CHECK(login.host == "1234.dkr.ecr.eu-west-1.amazonaws.com");
  CHECK(login.credentials.username == "AWS");
  CHECK(login.credentials.password.reveal() == "pass:word");
  CHECK(amazon.signers == Lines{"STATIC eu-west-1/ecr "});
  const auto request = amazon.server.seen().at(0);
  CHECK(request.headers.at("x-amz-target") ==
        "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
}

TEST_CASE("the registry of another account, in every region and of federal standard, is named") {
  struct Case {
    const char* region;
    const char* host;
  };
  for (const Case& row : std::vector<Case>{
           {"us-east-1", "42.dkr.ecr.us-east-1.amazonaws.com"},
           {"cn-north-1", "42.dkr.ecr.cn-north-1.amazonaws.com.cn"},
           {"fips-us-gov-west-1", "42.dkr.ecr-fips.us-gov-west-1.amazonaws.com"},
           {"us-east-2-fips", "42.dkr.ecr-fips.us-east-2.amazonaws.com"},
           {"us-gov-east-1", "42.dkr.ecr.us-gov-east-1.amazonaws.com"},
           {"eusc-de-east-1", "42.dkr.ecr.eusc-de-east-1.amazonaws.eu"},
           {"us-iso-east-1", "42.dkr.ecr.us-iso-east-1.c2s.ic.gov"},
           {"us-isob-east-1", "42.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"},
           {"us-isof-south-1", "42.dkr.ecr.us-isof-south-1.csp.hci.ic.gov"},
           {"eu-isoe-west-1", "42.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk"},
       }) {
    CAPTURE(row.region);
    Amazon amazon;
    registry::EcrOptions options = amazon.options();
    options.region = row.region;
    options.account_id = "42";
    options.keys = static_keys;
    CHECK(amazon.log_in(options).host == row.host);
  }
}

TEST_CASE("no registry of Amazon's is refused the login, and no other host is given it") {
  for (const char* host :
       {"42.dkr.ecr.eu-west-1.amazonaws.com", "42.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "42.dkr.ecr.cn-north-1.amazonaws.com.cn", "42.dkr.ecr.eusc-de-east-1.amazonaws.eu",
        "42.dkr.ecr.us-iso-east-1.c2s.ic.gov", "42.dkr-ecr.eu-west-1.on.aws",
        "42.dkr-ecr-fips.us-east-1.on.aws", "42.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu",
        "vpce-1.dkr.ecr.eu-west-1.vpce.amazonaws.com"}) {
    CAPTURE(host);
    CHECK(registry::is_ecr_host(host));
  }
  for (const char* host : {"ghcr.io", "public.ecr.aws", "42.dkr.ecr.eu-west-1.example.com",
                           "42.dkr.ecr.eu-west-1.evilamazonaws.com", "amazonaws.com",
                           "42.dkr.ecr.eu-west-1.amazonaws.com.example", "s3.amazonaws.com"}) {
    CAPTURE(host);
    CHECK_FALSE(registry::is_ecr_host(host));
  }
}

TEST_CASE("a region that is none does not become part of a host name") {
  for (const char* region : {"", "eu-west-1/", "evil.example#", "EU-WEST-1", "fips-"}) {
    CAPTURE(region);
    Amazon amazon;
    registry::EcrOptions options = amazon.options();
    options.region = region;
    CHECK(contains(message_of([&] { amazon.log_in(options); }), "is not a region"));
    CHECK(amazon.server.lines().empty());
  }
}

TEST_CASE("roles are taken on one after the other, each signed with the last one's keys") {
  Amazon amazon;
  registry::EcrOptions options = amazon.options();
  options.keys = static_keys;
  options.role_arns = {"arn:aws:iam::1:role/a", "arn:aws:iam::2:role/b"};
  amazon.log_in(options);
  CHECK(amazon.signers == Lines{"STATIC eu-west-1/sts ",
                                "ROLE1 eu-west-1/sts t/ROLE1==", "ROLE2 eu-west-1/ecr t/ROLE2=="});
  REQUIRE(amazon.forms.size() == 2);
  CHECK(contains(amazon.forms[1], "Action=AssumeRole&"));
  CHECK(contains(amazon.forms[1], "RoleArn=arn%3Aaws%3Aiam%3A%3A2%3Arole%2Fb&"));
}

TEST_CASE("keys are found where Amazon's own tools find them") {
  Amazon amazon;
  const ScratchDir scratch;
  std::string expected;
  SECTION("in the environment, before all others") {
    amazon.variables = {{"AWS_ACCESS_KEY_ID", "ENVIRONMENT"},
                        {"AWS_SECRET_ACCESS_KEY", "s"},
                        {"AWS_SESSION_TOKEN", "t"},
                        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task"}};
    expected = "ENVIRONMENT eu-west-1/ecr t";
  }
  SECTION("by a web identity, in a request nobody signs") {
    const std::string file = scratch / "token";
    std::ofstream(file) << "to+ken\n";
    amazon.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file}, {"AWS_ROLE_ARN", "arn:role"}};
    expected = "ROLE1 eu-west-1/ecr t/ROLE1==";
  }
  SECTION("in the container service") {
    amazon.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task"},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container token"}};
    expected = "CONTAINER eu-west-1/ecr t/CONTAINER";
  }
  SECTION("on the instance") {
    expected = "INSTANCE eu-west-1/ecr t/INSTANCE";
  }
  amazon.log_in(amazon.options());
  CHECK(amazon.signers.back() == expected);
  if (!amazon.forms.empty()) {
    CHECK(amazon.signers.front() == "nobody");
    CHECK(contains(amazon.forms[0], "WebIdentityToken=to%2Bken"));
  }
}

TEST_CASE("keys are not asked for at an address that others may listen to") {
  Amazon amazon;
  amazon.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://keys.example/"}};
  CHECK(contains(message_of([&] { amazon.log_in(amazon.options()); }),
                 "http://keys.example/ is neither https nor on this host"));
}

TEST_CASE("a refusal of ECR is told with its remedy and without the keys") {
  struct Case {
    const char* body;
    const char* words;
  };
  for (const Case& row : std::vector<Case>{
           {R"({"__type":"com.amazon#InvalidSignatureException","message":"too old"})", "clock"},
           {R"({"__type":"ExpiredTokenException","message":"x"})", "renew aws_session_token"},
           {R"({"__type":"UnrecognizedClientException","Message":"y"})", "aws_access_key_id"},
           {R"({"__type":"AccessDeniedException","Message":"z"})", "ecr:GetAuthorizationToken"},
           {"<html>", "answered 400"},
       }) {
    CAPTURE(row.body);
    Amazon amazon;
    amazon.status = 400;
    amazon.body = row.body;
    registry::EcrOptions options = amazon.options();
    options.keys = static_keys;
    const std::string message = message_of([&] { amazon.log_in(options); });
    CHECK(contains(message, "log in to ECR in eu-west-1"));
    CHECK(contains(message, row.words));
    CHECK_FALSE(contains(message, "hunter2"));
  }
}

TEST_CASE("useless answers of ECR are errors") {
  for (const char* body :
       {"", "[]", "{}", R"({"authorizationData":[]})", R"({"authorizationData":[{}]})",
        R"({"authorizationData":[{"authorizationToken":"QVdT","proxyEndpoint":"https://x"}]})",
        R"({"authorizationData":[{"authorizationToken":"QVdTOnA=","proxyEndpoint":"x"}]})"}) {
    CAPTURE(body);
    Amazon amazon;
    amazon.body = body;
    registry::EcrOptions options = amazon.options();
    options.keys = static_keys;
    CHECK_FALSE(message_of([&] { amazon.log_in(options); }).empty());
  }
}

TEST_CASE("keys that the program found itself do not come out in the log") {
  Amazon amazon;
  const ScratchDir scratch;
  const std::string file = scratch / "token";
  std::ofstream(file) << "to+ken\n";
  Lines secrets = {"s/ROLE1+", "t/ROLE1==", "pass:word", base::base64_encode("AWS:pass:word")};
  SECTION("in the environment") {
    amazon.variables = {{"AWS_ACCESS_KEY_ID", "ENVIRONMENT"},
                        {"AWS_SECRET_ACCESS_KEY", "s/env"},
                        {"AWS_SESSION_TOKEN", "t/env"}};
    secrets.insert(secrets.end(), {"s/env", "t/env"});
  }
  SECTION("by a web identity") {
    amazon.variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", file}, {"AWS_ROLE_ARN", "arn:role"}};
    secrets.insert(secrets.end(), {"to+ken", "s/ROLE2+", "t/ROLE2=="});
  }
  SECTION("in the container service") {
    amazon.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task"},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container token"}};
    secrets.insert(secrets.end(), {"container token", "s/CONTAINER", "t/CONTAINER"});
  }
  SECTION("on the instance") {
    secrets.insert(secrets.end(), {"session", "s/INSTANCE", "t/INSTANCE"});
  }
  registry::EcrOptions options = amazon.options();
  options.role_arns = {"arn:aws:iam::1:role/a"};
  amazon.log_in(options);
  for (const std::string& secret : secrets) {
    CAPTURE(secret);
    amazon.log->info(cat("Amazon quotes (", secret, ")"));
    CHECK_FALSE(contains(amazon.log.text(), cat("(", secret, ")")));
  }
}

TEST_CASE("a moment in which Amazon has too much to do does not end a build") {
  struct Case {
    const char* where;
    int status;
    const char* body;
  };
  for (const Case& row : std::vector<Case>{
           {"/ecr", 400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})"},
           {"/ecr", 400, R"({"__type":"com.amazon#TooManyRequestsException"})"},
           {"/ecr", 500, R"({"__type":"ServerException"})"},
           {"/sts", 400, "<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"},
           {"/sts", 503, "<Error><Code>ServiceUnavailable</Code></Error>"},
           {"/sts", 400, "<Error><Code>RequestLimitExceeded</Code></Error>"},
           {"/task", 503, R"({"message":"slow down"})"},
           {"/task", 429, ""},
       }) {
    CAPTURE(row.where, row.status, row.body);
    Amazon amazon;
    amazon.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task"},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container token"}};
    amazon.busy = row.where;
    amazon.busy_status = row.status;
    amazon.busy_body = row.body;
    registry::EcrOptions options = amazon.options();
    options.role_arns = {"arn:aws:iam::1:role/a"};
    CHECK(message_of([&] { amazon.log_in(options); }).empty());
  }
}

TEST_CASE("what a proxy says in the place of Amazon's token service is told") {
  Amazon amazon;
  amazon.busy = "/sts";
  amazon.busy_status = 403;
  registry::EcrOptions options = amazon.options();
  options.keys = static_keys;
  options.role_arns = {"arn:aws:iam::1:role/a"};
  std::string expected = "answered 403";
  SECTION("in a page") {
    amazon.busy_body = "<html><title>Blocked by the proxy</title></html>";
    expected += ": Blocked by the proxy";
  }
  SECTION("or not at all") {}
  CHECK_THAT(message_of([&] { amazon.log_in(options); }), Catch::Matchers::EndsWith(expected));
}

TEST_CASE("keys that are refused for good are not asked for again") {
  const auto [where, status] =
      GENERATE(table<std::string, int>({{"/task", 404}, {"/sts", 403}, {"/ecr", 400}}));
  Amazon amazon;
  amazon.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task"},
                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "container token"}};
  amazon.busy = where;
  amazon.busy_status = status;
  registry::EcrOptions options = amazon.options();
  options.role_arns = {"arn:aws:iam::1:role/a"};
  CHECK_FALSE(message_of([&] { amazon.log_in(options); }).empty());
}
