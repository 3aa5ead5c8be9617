#include "registry/support/docker_registry.hpp"

#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

using base::cat;

namespace {

const oci::Platform platform = oci::native_platform();
const std::string layer_bytes(3'000'000, 'l');

/// Pushes one blob or manifest the way distribution-spec describes it.
class Pusher {
 public:
  Pusher(std::string base_url, http::Options options, base::Secret authorization)
      : base_(std::move(base_url)),
        client_(std::move(options), log_),
        authorization_(std::move(authorization)) {}

  oci::Descriptor blob(const std::string& bytes, const std::string& type) {
    const oci::Digest digest = oci::Digest::of(bytes);
    const http::Response start = send("POST", http::Url::parse(base_ + "/blobs/uploads/"), "", "");
    REQUIRE(start.status == 202);
    http::Url url = http::Url::parse(base_).resolve(start.headers.get("Location").value());
    url.query += cat("&digest=", digest.text());
    CHECK(send("PUT", url, bytes, "application/octet-stream").status == 201);
    return {type, digest, bytes.size(), std::nullopt, "", {}, {}};
  }

  oci::Descriptor manifest(const std::string& bytes, const std::string& type) {
    const http::Url url = http::Url::parse(base_ + "/manifests/latest");
    CHECK(send("PUT", url, bytes, type).status == 201);
    return {type, oci::Digest::of(bytes), bytes.size(), std::nullopt, "", {}, {}};
  }

 private:
  http::Response send(const std::string& method, const http::Url& url, const std::string& bytes,
                      const std::string& type) {
    base::MemorySource body(bytes);
    http::Request request;
    request.method = method;
    request.url = url;
    request.headers = {"Content-Type: " + type};
    request.authorization = authorization_;
    request.body = &body;
    request.body_size = bytes.size();
    http::Response response = client_.send(request);
    base::drain(*response.body);
    return response;
  }

  std::string base_;
  base::Log log_{-1};
  http::Client client_;
  base::Secret authorization_;
};

/// Pushes an image with tag "latest" and returns its manifest.
oci::Descriptor push_image(const std::string& base_url, const http::Options& options,
                           const base::Secret& authorization) {
  Pusher pusher(base_url, options, authorization);
  const oci::Descriptor layer = pusher.blob(layer_bytes, "application/vnd.oci.image.layer.v1.tar");
  const oci::Descriptor config =
      pusher.blob(cat(R"({"os":"linux","architecture":")", platform.architecture,
                      R"(","config":{"User":"nobody"},"rootfs":{"type":"layers","diff_ids":[")",
                      layer.digest.text(), "\"]}}"),
                  "application/vnd.oci.image.config.v1+json");
  return pusher.manifest(
      cat(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)",
          R"("config":)", json_of(config), R"(,"layers":[)", json_of(layer), "]}"),
      "application/vnd.oci.image.manifest.v1+json");
}

void require_pull(registry::Client& client, const oci::Descriptor& pushed) {
  CHECK(client.resolve("latest") == pushed.digest);
  CHECK_FALSE(client.resolve("absent"));
  const registry::Image image = client.fetch_image(pushed.digest, platform);
  CHECK(image.config.user == "nobody");
  REQUIRE(image.manifest.layers.size() == 1);
  const auto blob = client.open_blob(image.manifest.layers[0]);
  CHECK((base::read_all(*blob, layer_bytes.size(), "layer") == layer_bytes));
}

}  // namespace

TEST_CASE("an image comes back from a real registry over plain http on this machine") {
  if (!DockerRegistry::available()) {
    WARN("skipped: docker-registry, htpasswd or openssl is not installed");
    return;
  }
  const DockerRegistry real(DockerRegistry::Tls::no, DockerRegistry::Password::no);
  const oci::Descriptor pushed =
      push_image(cat("http://", real.host(), "/v2/some/image"), {}, base::Secret());
  base::Log log(-1);
  registry::Client client(oci::Reference::parse(real.host() + "/some/image"), {}, log);
  require_pull(client, pushed);
}

TEST_CASE("an image comes back from a real registry with a password and a private CA") {
  if (!DockerRegistry::available()) {
    WARN("skipped: docker-registry, htpasswd or openssl is not installed");
    return;
  }
  const DockerRegistry real(DockerRegistry::Tls::yes, DockerRegistry::Password::yes);
  registry::Options options;
  options.http.ca_certs = {real.ca_certificate()};
  const oci::Descriptor pushed =
      push_image(cat("https://", real.host(), "/v2/some/image"), options.http,
                 http::basic_authorization("user", "pass:word"));
  options.credentials = registry::Credentials{"user", base::Secret("pass:word")};
  base::Log log(-1);
  const oci::Reference reference = oci::Reference::parse(real.host() + "/some/image");
  const auto error_with = [&](const registry::Options& other) {
    registry::Client client(reference, other, log);
    return message_of([&] { client.resolve("latest"); });
  };

  SECTION("right") {
    registry::Client client(reference, options, log);
    require_pull(client, pushed);
  }
  SECTION("insecure accepts the certificate without its CA") {
    options.http.ca_certs.clear();
    options.insecure = registry::Insecure::yes;
    registry::Client client(reference, options, log);
    require_pull(client, pushed);
  }
  SECTION("without its CA the certificate is refused by name and http is not tried") {
    options.http.ca_certs.clear();
    const std::string message = error_with(options);
    CAPTURE(message);
    CHECK(contains(message, "is not trusted"));
    CHECK(contains(message, "CN = the registry"));
    CHECK(contains(message, "CN = Private test CA"));
    CHECK(contains(message, "ca_certs"));
    CHECK_FALSE(contains(message, "then http"));
  }
  SECTION("a wrong password is reported and not shown") {
    options.credentials->password = base::Secret("hunter2");
    const std::string message = error_with(options);
    CAPTURE(message);
    CHECK(contains(message, "not found or no access with this username and password"));
    CHECK_FALSE(contains(message, "hunter2"));
  }
  SECTION("no password is reported with the remedy") {
    options.credentials.reset();
    CHECK(contains(error_with(options), "set username and password"));
  }
}

TEST_CASE("a registry that asks for a client certificate gets it") {
  if (!DockerRegistry::available()) {
    WARN("skipped: docker-registry, htpasswd or openssl is not installed");
    return;
  }
  const DockerRegistry real(DockerRegistry::Tls::mutual, DockerRegistry::Password::no);
  registry::Options options;
  options.http.ca_certs = {real.ca_certificate()};
  base::Log log(-1);
  const oci::Reference reference = oci::Reference::parse(real.host() + "/some/image");
  registry::Client without(reference, options, log);
  const std::string message = message_of([&] { without.resolve("latest"); });
  CAPTURE(message);
  CHECK(contains(message, "client certificate"));

  options.http.client_cert = base::Secret(real.client_certificate());
  options.http.client_key = base::Secret(real.client_key());
  registry::Client with(reference, options, log);
  CHECK_FALSE(with.resolve("latest"));
}

TEST_CASE("a certificate the system trusts is found in its directory, and else in its file") {
  if (!DockerRegistry::available()) {
    WARN("skipped: docker-registry, htpasswd or openssl is not installed");
    return;
  }
  const DockerRegistry real(DockerRegistry::Tls::yes, DockerRegistry::Password::no);
  ScratchDir home;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(home / name) << text;
    return (home / name).string();
  };
  const std::string ca = write("ca.pem", real.ca_certificate());
  const std::string damaged = write("damaged.pem", "-----BEGIN CERTIFICATE-----\n");
  std::filesystem::create_directory(home / "others");
  write("others/00000000.0", "");
  const std::string others = (home / "others").string();

  base::Log log(-1);
  const auto ask = [&](const http::SystemTrust& system) {
    http::Options options;
    options.system_trust = system;
    http::Client client(options, log);
    http::Request request;
    request.url = http::Url::parse(cat("https://", real.host(), "/v2/"));
    // Two at once: what the first one teaches must not harm the other.
    http::PendingResponse first = client.start(request);
    http::PendingResponse second = client.start(request);
    return first.wait().status + second.wait().status;
  };
  CHECK(ask({ca, ""}) == 400);
  CHECK(ask({"", real.hashed_directory()}) == 400);
  // The file is not even read then.
  CHECK(ask({damaged, real.hashed_directory()}) == 400);
  CHECK(ask({ca, others}) == 400);
  CHECK_THROWS_AS(ask({"", others}), http::TransportError);
  const std::string message = message_of([&] {
    ask({write("other.pem", real.client_certificate()), others});
  });
  CHECK(contains(message, "not trusted"));
  CHECK(contains(message, "its subject is"));
}
