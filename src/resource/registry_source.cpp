#include "resource/registry_source.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/url.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using base::JsonView;

std::optional<registry::Credentials> parse_login(const JsonView& view) {
  const JsonView username = view.at_ignoring_case("username");
  const JsonView password = view.at_ignoring_case("password");
  registry::Credentials login{username.scalar_text(), base::Secret(password.scalar_text())};
  if (login.username.empty() != login.password.empty()) {
    throw Error(cat("set both ", username.path(), " and ", password.path(), ", or neither"));
  }
  if (login.username.empty()) return std::nullopt;
  return login;
}

void parse_client_certificate(const JsonView& view, http::Options& http) {
  const JsonView certificate = view.at_ignoring_case("client_cert");
  const JsonView key = view.at_ignoring_case("client_key");
  http.client_cert = base::Secret(certificate.string_or(""));
  http.client_key = base::Secret(key.string_or(""));
  if (http.client_cert.empty() != http.client_key.empty()) {
    throw Error(cat("set both ", certificate.path(), " and ", key.path(), ", or neither"));
  }
}

/// [scheme://]host[:port][/prefix] in parts.
struct MirrorAddress {
  std::string scheme;
  std::string host;
  std::string prefix;
};

MirrorAddress parse_address(std::string_view text) {
  MirrorAddress address;
  const size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) {
    address.scheme = base::to_lower(text.substr(0, scheme));
    text.remove_prefix(scheme + 3);
    if (address.scheme != "http" && address.scheme != "https") {
      throw Error(cat(base::printable(address.scheme), ":// is neither http:// nor https://"));
    }
  }
  if (text.find('@') != std::string_view::npos) {
    throw Error("a login does not belong in the address; set username and password beside it");
  }
  const size_t slash = std::min(text.find('/'), text.size());
  address.host = text.substr(0, slash);
  address.prefix = text.substr(slash);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  // Some write the address of the interface, which is added to everything anyway.
  if (address.prefix == "/v2") address.prefix.clear();
  http::Url::parse(cat("https://", address.host));
  return address;
}

/// The name the mirror has for an image of Docker Hub, namespace and all.
oci::Reference name_at(const MirrorAddress& address, const oci::Reference& origin) {
  oci::Reference checked =
      oci::Reference::parse(cat("registry.invalid", address.prefix, "/", origin.repository));
  for (const char* hub : {"docker.io", "index.docker.io", "registry-1.docker.io"}) {
    if (address.host == hub) return {origin.registry, checked.repository, "", std::nullopt};
  }
  return {address.host, checked.repository, "", std::nullopt};
}

RegistryPlace parse_mirror(const JsonView& view, const ImageSource& image) {
  view.allow_only(
      {"host", "username", "password", "insecure", "ca_certs", "client_cert", "client_key"}, true);
  const JsonView host = view.at_ignoring_case("host");
  if (host.string_or("").empty()) {
    throw Error(cat(host.path(), " is missing: the mirror's address"));
  }
  RegistryPlace mirror;
  base::with_context(host.path(), [&] {
    const MirrorAddress address = parse_address(host.string());
    mirror.reference = name_at(address, image.reference);
    mirror.options.scheme = address.scheme;
  });
  // What is trusted is one decision for the whole source; who we are is not told to others.
  // Its own come first, so that an error counts them as they stand there.
  mirror.options.http.ca_certs = read_certificates(view.at_ignoring_case("ca_certs"));
  const std::vector<std::string>& shared = image.registry.http.ca_certs;
  const bool only_shared = mirror.options.http.ca_certs.empty() && !shared.empty();
  mirror.options.http.place = only_shared ? "source." : "source.registry_mirror.";
  for (const std::string& pem : shared) {
    mirror.options.http.ca_certs.push_back(pem);
  }
  const bool insecure = view.at_ignoring_case("insecure")
                            .boolean_or(image.registry.insecure == registry::Insecure::yes);
  mirror.options.insecure = insecure ? registry::Insecure::yes : registry::Insecure::no;
  mirror.options.credentials = parse_login(view);
  parse_client_certificate(view, mirror.options.http);
  mirror.options.patience.fallback = registry::Fallback::yes;
  mirror.options.patience.on_pull_limit = registry::OnPullLimit::fail;
  return mirror;
}

std::optional<registry::AwsKeys> parse_aws_keys(const JsonView& source) {
  const JsonView id = source.at_ignoring_case("aws_access_key_id");
  const JsonView secret = source.at_ignoring_case("aws_secret_access_key");
  registry::AwsKeys keys{id.string_or(""), base::Secret(secret.string_or("")),
                         base::Secret(source.at_ignoring_case("aws_session_token").string_or(""))};
  if (keys.access_key_id.empty() != keys.secret_access_key.empty()) {
    throw Error(cat("set both ", id.path(), " and ", secret.path(), ", or neither"));
  }
  if (keys.access_key_id.empty()) return std::nullopt;
  return keys;
}

/// Credentials go where the repository's own host is, and that only when it is Amazon's.
bool may_be_at_ecr(const oci::Reference& reference) {
  return reference.is_docker_hub() || registry::is_ecr_host(reference.registry);
}

/// Nothing when `aws_region` is not set.
std::optional<registry::EcrOptions> parse_ecr(const JsonView& source, const ImageSource& image) {
  registry::EcrOptions ecr;
  ecr.keys = parse_aws_keys(source);
  ecr.region = source.at_ignoring_case("aws_region").string_or("");
  ecr.account_id = source.at_ignoring_case("aws_account_id").scalar_text();
  if (ecr.account_id.empty()) {
    ecr.account_id = source.at_ignoring_case("aws_ecr_registry_id").scalar_text();
  }
  ecr.endpoint = source.at_ignoring_case("aws_endpoint").string_or("");
  const std::string role = source.at_ignoring_case("aws_role_arn").string_or("");
  ecr.role_arns = source.at_ignoring_case("aws_role_arns").strings();
  if (!role.empty() && !ecr.role_arns.empty()) {
    throw Error("set source.aws_role_arn or source.aws_role_arns, not both");
  }
  if (!role.empty()) ecr.role_arns = {role};
  if (ecr.region.empty()) {
    if (ecr.keys || !ecr.role_arns.empty() || !ecr.account_id.empty() || !ecr.endpoint.empty()) {
      throw Error("source.aws_region is missing: without it the other aws_ keys are not used");
    }
    return std::nullopt;
  }
  constexpr size_t digits_of_account = 12;
  if (!ecr.account_id.empty() &&
      (ecr.account_id.size() != digits_of_account ||
       ecr.account_id.find_first_not_of("0123456789") != std::string::npos)) {
    throw Error("source.aws_account_id: an account id has 12 digits; quote one that begins with 0");
  }
  if (!may_be_at_ecr(image.reference)) {
    throw Error(
        cat("source.aws_region is set, but ", base::printable(image.reference.registry),
            " is not a registry of Amazon's: leave the host out of source.repository (or "
            "write ACCOUNT.dkr.ecr.REGION.amazonaws.com before a name that looks like one)"));
  }
  return ecr;
}

registry::AzureIdentity::Kind parse_identity_kind(const JsonView& view) {
  const std::string text = base::to_lower(base::trim(view.string_or("")));
  if (text.empty() || text == "managed_identity") return registry::AzureIdentity::Kind::managed;
  if (text == "workload_identity") return registry::AzureIdentity::Kind::workload;
  throw Error(cat(view.path(), ": ", base::printable(text),
                  " is neither managed_identity nor workload_identity"));
}

/// Nothing when `azure_acr` is false, or when none of its keys are there.
std::optional<registry::AcrOptions> parse_acr(const JsonView& source, const ImageSource& image) {
  registry::AcrOptions acr;
  acr.identity.kind = parse_identity_kind(source.at_ignoring_case("azure_auth_type"));
  acr.identity.client_id = source.at_ignoring_case("azure_client_id").string_or("");
  acr.identity.environment = source.at_ignoring_case("azure_environment").string_or("");
  acr.tenant_id = source.at_ignoring_case("azure_tenant_id").string_or("");
  const JsonView wanted = source.at_ignoring_case("azure_acr");
  if (!wanted.boolean_or(false)) {
    const bool has_others = !source.at_ignoring_case("azure_auth_type").is_empty() ||
                            !acr.identity.client_id.empty() || !acr.identity.environment.empty() ||
                            !acr.tenant_id.empty();
    if (has_others && wanted.is_null()) {
      throw Error("source.azure_acr is missing: without it the other azure_ keys are not used");
    }
    return std::nullopt;
  }
  if (image.reference.is_docker_hub()) {
    throw Error("source.azure_acr is set: source.repository needs its host, NAME.azurecr.io/...");
  }
  return acr;
}

/// What registry-image signs its pushes with. A source that is taken over may have it, mistakes in
/// it show, and nothing else comes of it.
void check_content_trust(const JsonView& view, base::Log& log) {
  if (view.members().empty()) return;
  view.allow_only({"server", "repository_key_id", "repository_key", "repository_passphrase",
                   "tls_key", "tls_cert", "username", "password", "scopes"},
                  true);
  log.info(cat(view.path(), " is not used: it signs images that are pushed to a registry"));
}

}  // namespace

std::vector<std::string> read_certificates(const JsonView& view) {
  if (!view.is_string()) {
    for (const JsonView& item : view.items()) {
      if (!item.is_object()) continue;
      throw Error(cat(item.path(), ": write the PEM text itself, without domain and cert"));
    }
    return view.strings();
  }
  std::string text = view.string();
  if (text.empty()) return {};
  return {std::move(text)};
}

bool says_nothing(const JsonView& view) {
  if (view.is_empty()) return true;
  if (!view.is_object()) return false;
  for (const auto& [key, value] : view.members()) {
    if (!value.is_empty()) return false;
  }
  return true;
}

const std::vector<std::string_view>& registry_keys() {
  static const std::vector<std::string_view> keys = {"aws_access_key_id", "aws_secret_access_key",
                                                     "aws_session_token", "aws_region",
                                                     "aws_role_arn",      "aws_role_arns",
                                                     "aws_account_id",    "aws_ecr_registry_id",
                                                     "aws_endpoint",      "azure_acr",
                                                     "azure_client_id",   "azure_tenant_id",
                                                     "azure_environment", "azure_auth_type",
                                                     "username",          "password",
                                                     "insecure",          "ca_certs",
                                                     "client_cert",       "client_key",
                                                     "registry_mirror",   "content_trust"};
  return keys;
}

void parse_registry_access(const JsonView& source, ImageSource& image, base::Log& log) {
  image.registry.credentials = parse_login(source);
  image.registry.insecure = source.at_ignoring_case("insecure").boolean_or(false)
                                ? registry::Insecure::yes
                                : registry::Insecure::no;
  image.registry.http.ca_certs = read_certificates(source.at_ignoring_case("ca_certs"));
  image.registry.http.place = "source.";
  parse_client_certificate(source, image.registry.http);
  image.ecr = parse_ecr(source, image);
  image.acr = parse_acr(source, image);
  check_content_trust(source.at_ignoring_case("content_trust"), log);
  const JsonView mirror = source.at_ignoring_case("registry_mirror");
  if (says_nothing(mirror)) return;
  if (mirror.is_string()) {
    throw Error(cat(mirror.path(), " is a mapping; write registry_mirror: {host: the address}"));
  }
  // Read even where it is not used, so that mistakes show in every resource that has it.
  RegistryPlace place = parse_mirror(mirror, image);
  if (image.reference.is_docker_hub() && !image.ecr) image.mirror = std::move(place);
}

}  // namespace resource
