#include "registry/client.hpp"

#include <charconv>

#include "base/text.hpp"
#include "registry/fetch_image.hpp"
#include "registry/requests.hpp"

namespace registry {
namespace {

using base::cat;

/// What registries must take at least (distribution-spec, Pushing Manifests).
constexpr size_t manifest_limit = 4 * 1024 * 1024;

// Without the index types in the list, registries answer for one platform of their choice.
constexpr std::string_view accept =
    "Accept: application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

/// A coding would change the digest of a tag's document unnoticed. Blobs need no such check: stores
/// label compressed layers so, and their digest tells.
void check_not_encoded(const http::Response& response) {
  const std::string encoding = response.headers.get("Content-Encoding").value_or("");
  if (encoding.empty() || base::equal_ignoring_case(encoding, "identity")) return;
  throw base::Error(cat("the registry or a proxy applied Content-Encoding ",
                        base::printable(encoding), " although none was asked for"));
}

std::string read_manifest(http::Response& response, const std::optional<oci::Digest>& expected) {
  check_not_encoded(response);
  if (!expected) return base::read_all(*response.body, manifest_limit, "the manifest");
  oci::VerifiedSource verified(std::move(response.body), *expected, std::nullopt);
  return base::read_all(verified, manifest_limit, "the manifest");
}

}  // namespace

struct Client::Impl {
  Impl(oci::Reference named, Options given, base::Log& used_log)
      : reference(std::move(named)),
        options(std::move(given)),
        log(used_log),
        requests(reference, options, log) {}

  std::string path(std::string_view kind, std::string_view name) const {
    return cat("/v2/", reference.repository, "/", kind, "/", name);
  }
  std::string manifest_path(const std::string& tag_or_digest) const;
  std::string describe(std::string_view kind, std::string_view name) const {
    return cat(kind, " ", base::printable(name), " of ", reference.name());
  }
  std::optional<oci::Digest> head(const std::string& tag_or_digest);
  http::Response get_manifest(const std::string& tag_or_digest);
  http::Response get_blob(const oci::Descriptor& descriptor);
  http::Response get_foreign(const std::string& url);

  oci::Reference reference;
  Options options;
  base::Log& log;
  Requests requests;
  bool head_is_broken = false;
};

std::string Client::Impl::manifest_path(const std::string& tag_or_digest) const {
  if (!oci::is_valid_tag(tag_or_digest) && !oci::Digest::try_parse(tag_or_digest)) {
    throw base::Error("this is neither a tag nor a digest");
  }
  return path("manifests", tag_or_digest);
}

/// The digest by HEAD; nothing when only GET can tell.
std::optional<oci::Digest> Client::Impl::head(const std::string& tag_or_digest) {
  http::Response response =
      requests.send("HEAD", manifest_path(tag_or_digest), {std::string(accept)});
  if (response.status == 429) throw make_status_error(response, requests.login());
  if (response.status != 200) return std::nullopt;
  if (!response.headers.get("Content-Type") || !response.headers.get("Content-Length")) {
    return std::nullopt;
  }
  const auto digest =
      oci::Digest::try_parse(response.headers.get("Docker-Content-Digest").value_or(""));
  const auto expected = oci::Digest::try_parse(tag_or_digest);
  if (expected && digest != expected) return std::nullopt;
  return digest;
}

http::Response Client::Impl::get_manifest(const std::string& tag_or_digest) {
  const std::string target = manifest_path(tag_or_digest);
  http::Response response = requests.send("GET", target, {std::string(accept)});
  // Some registries type every document application/json and then find nothing acceptable.
  if (response.status == 406) {
    response = requests.send("GET", target, {cat(accept, ", */*")});
  }
  if (response.status != 200) throw make_status_error(response, requests.login());
  return response;
}

/// A layer the registry may not distribute, from an address its manifest names. Credentials stay
/// here (CVE-2020-15157).
http::Response Client::Impl::get_foreign(const std::string& text) {
  const http::Url url = http::Url::parse(text);
  const bool safe = url.secure() && !http::is_local_host(url.host);
  if (!safe && options.insecure == Insecure::no) {
    throw base::Error(cat("the layer's own address ", url.display(), " is not a public https URL"));
  }
  http::Response response = requests.send_anonymous(url);
  if (response.status != 200) {
    StatusError error = make_status_error(response, Login::none);
    error.add_context(url.display());
    throw error;
  }
  return response;
}

http::Response Client::Impl::get_blob(const oci::Descriptor& descriptor) {
  http::Response response = requests.send("GET", path("blobs", descriptor.digest.text()), {});
  if (response.status == 404 && !descriptor.urls.empty()) {
    return get_foreign(descriptor.urls.front());
  }
  if (response.status != 200) throw make_status_error(response, requests.login());
  return response;
}

Client::Client(oci::Reference reference, Options options, base::Log& log)
    : impl_(std::make_unique<Impl>(std::move(reference), std::move(options), log)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

std::optional<oci::Digest> Client::resolve(const std::string& tag_or_digest) {
  if (!impl_->head_is_broken) {
    const auto digest = base::with_context(impl_->describe("manifest", tag_or_digest),
                                           [&] { return impl_->head(tag_or_digest); });
    if (digest) return digest;
  }
  try {
    oci::Digest digest = fetch(tag_or_digest).digest;
    impl_->head_is_broken = true;  // It did not tell what GET does.
    return digest;
  } catch (const StatusError& error) {
    if (error.status() == 404) return std::nullopt;
    throw;
  }
}

Document Client::fetch(const std::string& tag_or_digest) {
  return base::with_context(impl_->describe("manifest", tag_or_digest), [&]() -> Document {
    http::Response response = impl_->get_manifest(tag_or_digest);
    std::string type = response.headers.get("Content-Type").value_or("");
    const auto expected = oci::Digest::try_parse(tag_or_digest);
    std::string bytes = read_manifest(response, expected);
    const oci::Digest digest = expected ? *expected : oci::Digest::of(bytes);
    return {std::move(type), std::move(bytes), digest};
  });
}

Image Client::fetch_image(const oci::Digest& digest, const oci::Platform& platform) {
  return registry::fetch_image(*this, digest, platform, impl_->log);
}

std::unique_ptr<base::ByteSource> Client::open_blob(const oci::Descriptor& descriptor) {
  return base::with_context(impl_->describe("blob", descriptor.digest.short_text()), [&] {
    http::Response response = impl_->get_blob(descriptor);
    const std::string text = response.headers.get("Content-Length").value_or("");
    uint64_t length = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), length);
    if (!text.empty() && parsed.ec == std::errc() && length != descriptor.size) {
      throw base::Error(cat("the registry offers ", base::with_commas(length),
                            " bytes, the manifest says ", base::with_commas(descriptor.size)));
    }
    return std::make_unique<oci::VerifiedSource>(std::move(response.body), descriptor.digest,
                                                 descriptor.size);
  });
}

}  // namespace registry
