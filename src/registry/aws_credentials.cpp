#include "registry/aws_credentials.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "http/backoff.hpp"
#include "registry/client.hpp"

namespace registry {
namespace {

using base::cat;
using base::Error;

constexpr size_t answer_limit = 256 * 1024;
constexpr std::string_view session_name = "rootfs-git-resource";

/// Regions that share names and credentials with one another only, under a domain of their own.
struct Partition {
  std::string_view region_prefix;
  std::string_view domain;
  std::string_view dual_stack_domain;  ///< Of hosts that speak IPv6, too.
};

constexpr std::array<Partition, 7> partitions = {{
    {"cn-", "amazonaws.com.cn", "on.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "on.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "on.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "on.aws.scloud"},
    {"us-isof-", "csp.hci.ic.gov", "on.aws.hci.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk", "on.cloud-aws.adc-e.uk"},
    {"", "amazonaws.com", "on.aws"},  // All others.
}};

/// A refusal that is worth trying again keeps its status. That of others is no answer of a registry
/// and means nothing to whoever asks for an image.
[[noreturn]] void refuse(long status, const std::string& message) {
  if (http::may_pass(status)) throw StatusError(status, message, {});
  throw Error(message);
}

std::string read_answer(http::Response& response, std::string_view who) {
  if (response.status != 200) {
    const std::string words = http::describe_error_body(response);
    refuse(response.status,
           cat(who, " answered ", response.status, words.empty() ? "" : ": ", words));
  }
  return base::read_all(*response.body, answer_limit, who);
}

/// What an error of Amazon's may quote is not for the log.
AwsKeys hidden(AwsKeys keys, base::Log& log) {
  log.hide(keys.secret_access_key.reveal());
  log.hide(keys.session_token.reveal());
  return keys;
}

/// Text of the first element `name`. STS answers in a form of XML that needs no more than that.
std::string xml_text(std::string_view xml, std::string_view name) {
  const std::string open = cat("<", name, ">");
  const size_t begin = xml.find(open);
  const size_t end = xml.find(cat("</", name, ">"));
  if (begin == std::string_view::npos || end == std::string_view::npos) return "";
  if (end < begin + open.size()) return "";
  return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

AwsKeys checked(AwsKeys keys, std::string_view who) {
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    throw Error(cat("the answer of ", who, " has no keys"));
  }
  return keys;
}

AwsKeys keys_of_json(const std::string& text, std::string_view who) {
  const base::JsonDocument document = base::JsonDocument::parse(text, who);
  const base::JsonView answer = document.root();
  return checked({answer.at("AccessKeyId").string_or(""),
                  base::Secret(answer.at("SecretAccessKey").string_or("")),
                  base::Secret(answer.at("Token").string_or(""))},
                 who);
}

/// Sends a form to the security token service and reads the keys in its answer.
AwsKeys ask_sts(http::Client& client, const AwsSurroundings& around, const std::string& region,
                const std::string& form, const AwsKeys* signer) {
  http::Request request;
  request.method = "POST";
  request.url = http::Url::parse(around.sts_endpoint.empty()
                                     ? cat("https://sts.", region, ".", aws_domain(region), "/")
                                     : around.sts_endpoint);
  request.headers = {"Content-Type: application/x-www-form-urlencoded"};
  request.content = base::Secret(form);
  if (signer != nullptr) sign(request, *signer, region, "sts");
  http::Response response = client.send(request);
  if (response.status != 200) {
    std::string text = base::read_all(*response.body, answer_limit, "the answer");
    const std::string code = xml_text(text, "Code");
    std::string words = cat(base::excerpt(code), ": ",
                            base::excerpt(xml_text(text, "Message"), base::sentence_limit));
    if (code.empty()) {  // Of somebody in between, such as a proxy.
      response.body = std::make_unique<base::MemorySource>(std::move(text));
      words = http::describe_error_body(response);
    }
    refuse(aws_status(response.status, code),
           cat("the security token service of ", region, " answered ", response.status,
               words.empty() ? "" : ": ", words));
  }
  const std::string text = base::read_all(*response.body, answer_limit, "the answer");
  return checked({xml_text(text, "AccessKeyId"), base::Secret(xml_text(text, "SecretAccessKey")),
                  base::Secret(xml_text(text, "SessionToken"))},
                 "the security token service");
}

std::optional<AwsKeys> keys_of_environment(const AwsSurroundings& around) {
  AwsKeys keys{around.environment("AWS_ACCESS_KEY_ID"),
               base::Secret(around.environment("AWS_SECRET_ACCESS_KEY")),
               base::Secret(around.environment("AWS_SESSION_TOKEN"))};
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return std::nullopt;
  return keys;
}

std::optional<AwsKeys> keys_of_web_identity(http::Client& client, const AwsSurroundings& around,
                                            const std::string& region, base::Log& log) {
  const std::string file = around.environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string role = around.environment("AWS_ROLE_ARN");
  if (file.empty() || role.empty()) return std::nullopt;
  const std::string form = cat("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=",
                               base::percent_encode(role), "&RoleSessionName=", session_name,
                               "&WebIdentityToken=", base::percent_encode(read_token(file, log)));
  return ask_sts(client, around, region, form, nullptr);
}

/// Addresses that the full form may name; elsewhere the token would leave this host in clear text.
bool may_ask_for_keys(const http::Url& url) {
  return url.secure() || http::is_loopback_host(url.host) || url.host == "169.254.170.2" ||
         url.host == "169.254.170.23" || url.host == "fd00:ec2::23";
}

std::optional<AwsKeys> keys_of_container(http::Client& client, const AwsSurroundings& around,
                                         base::Log& log) {
  const std::string relative = around.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = around.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return std::nullopt;
  http::Request request;
  request.url = http::Url::parse(relative.empty() ? full : around.container_service + relative);
  if (!may_ask_for_keys(request.url)) {
    throw Error(cat("AWS_CONTAINER_CREDENTIALS_FULL_URI: ", request.url.display(),
                    " is neither https nor on this host"));
  }
  const std::string file = around.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const std::string token = file.empty() ? around.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN")
                                         : read_token(file, log);
  log.hide(token);
  request.authorization = base::Secret(token);
  request.use_proxy = http::UseProxy::no;
  http::Response response = client.send(request);
  return keys_of_json(read_answer(response, "the container's credential service"),
                      "the container's credential service");
}

/// Version 2 of the instance metadata service: first a session, then questions.
AwsKeys keys_of_instance(const AwsSurroundings& around, base::Log& log) {
  // Outside of Amazon nobody answers there.
  http::Options options;
  options.connect_timeout = std::chrono::seconds(2);
  http::Client client(options, log);
  constexpr std::string_view who = "the instance metadata service";
  const auto ask = [&](const char* method, const std::string& path, const std::string& header) {
    http::Request request;
    request.method = method;
    request.url = http::Url::parse(around.metadata_service + path);
    request.headers = {header};
    request.use_proxy = http::UseProxy::no;
    request.stall_timeout = std::chrono::seconds(2);
    http::Response response = client.send(request);
    return read_answer(response, who);
  };
  const std::string session =
      ask("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600");
  log.hide(base::trim(session));
  const std::string header = cat("X-aws-ec2-metadata-token: ", base::trim(session));
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  const std::string roles = ask("GET", path, header);
  const std::string role(base::trim(base::split(roles, '\n').front()));
  return keys_of_json(ask("GET", path + base::percent_encode(role), header), who);
}

}  // namespace

std::string aws_domain(std::string_view region) {
  const auto found = std::find_if(partitions.begin(), partitions.end(), [&](const Partition& one) {
    return region.starts_with(one.region_prefix);
  });
  return std::string(found->domain);
}

bool is_ecr_host(std::string_view host) {
  const bool is_registry = host.find(".dkr.ecr") != std::string_view::npos ||
                           host.find(".dkr-ecr") != std::string_view::npos;
  return is_registry &&
         std::any_of(partitions.begin(), partitions.end(), [&](const Partition& one) {
           return host.ends_with(cat(".", one.domain)) ||
                  host.ends_with(cat(".", one.dual_stack_domain));
         });
}

long aws_status(long status, std::string_view code) {
  const bool too_many = code.starts_with("Throttling") || code == "RequestLimitExceeded" ||
                        code == "TooManyRequestsException";
  return too_many ? 429 : status;
}

void sign(http::Request& request, const AwsKeys& keys, const std::string& region,
          const std::string& service) {
  if (!keys.session_token.empty()) {
    request.headers.push_back(cat("X-Amz-Security-Token: ", keys.session_token.reveal()));
  }
  request.signature = {region, service, keys.access_key_id, keys.secret_access_key};
}

AwsKeys find_aws_keys(http::Client& client, const AwsSurroundings& around,
                      const std::string& region, base::Log& log) {
  if (auto keys = keys_of_environment(around)) return hidden(*keys, log);
  if (auto keys = keys_of_web_identity(client, around, region, log)) return hidden(*keys, log);
  if (auto keys = keys_of_container(client, around, log)) return hidden(*keys, log);
  try {
    return hidden(keys_of_instance(around, log), log);
  } catch (Error& error) {
    error.add_context(
        "no AWS credentials: set aws_access_key_id and aws_secret_access_key, or give the worker's "
        "instance a role and a metadata hop limit of 2 (environment, web identity and container "
        "have none either)");
    throw;
  }
}

AwsKeys assume_role(http::Client& client, const AwsSurroundings& around, const std::string& region,
                    const AwsKeys& keys, const std::string& role_arn, base::Log& log) {
  const std::string form =
      cat("Action=AssumeRole&Version=2011-06-15&RoleArn=", base::percent_encode(role_arn),
          "&RoleSessionName=", session_name, "&DurationSeconds=3600");
  return base::with_context(cat("take on the role ", base::printable(role_arn)), [&] {
    return hidden(ask_sts(client, around, region, form, &keys), log);
  });
}

}  // namespace registry
