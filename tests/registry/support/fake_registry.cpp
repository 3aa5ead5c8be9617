#include "registry/support/fake_registry.hpp"

#include "base/text.hpp"

using base::cat;

namespace {

constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";
constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";
constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar";

}  // namespace

std::string json_of(const oci::Descriptor& descriptor) {
  std::string platform;
  if (descriptor.platform) {
    platform = cat(R"(,"platform":{"os":")", descriptor.platform->os, R"(","architecture":")",
                   descriptor.platform->architecture, R"(","variant":")",
                   descriptor.platform->variant, "\"}");
  }
  return cat(R"({"mediaType":")", descriptor.media_type, R"(","digest":")",
             descriptor.digest.text(), R"(","size":)", descriptor.size, platform, "}");
}

FakeRegistry::FakeRegistry(Override override) : override_(std::move(override)) {
  server_ = std::make_unique<LoopbackServer>([this](Exchange& exchange) { serve(exchange); });
}

oci::Reference FakeRegistry::reference() const {
  return oci::Reference::parse(server_->host() + "/some/image");
}

registry::Client FakeRegistry::client(registry::Options options) {
  options.patience.sleep = [this](std::chrono::milliseconds delay) { naps.push_back(delay); };
  options.patience.random = [] { return 0.5; };
  return {reference(), std::move(options), log};
}

oci::Descriptor FakeRegistry::add_blob(const std::string& bytes, const std::string& type) {
  const oci::Digest digest = oci::Digest::of(bytes);
  stored_["/v2/some/image/blobs/" + digest.text()] = {bytes, "application/octet-stream",
                                                      digest.text()};
  return {type, digest, bytes.size(), std::nullopt, "", {}, {}};
}

oci::Descriptor FakeRegistry::add_manifest(const std::string& bytes, const std::string& type,
                                           const std::string& tag) {
  const oci::Digest digest = oci::Digest::of(bytes);
  const Stored document{bytes, type, digest.text()};
  stored_["/v2/some/image/manifests/" + digest.text()] = document;
  if (!tag.empty()) stored_["/v2/some/image/manifests/" + tag] = document;
  return {type, digest, bytes.size(), std::nullopt, "", {}, {}};
}

oci::Descriptor FakeRegistry::add_image(const oci::Platform& platform, const std::string& tag) {
  const oci::Descriptor layer = add_blob("layer of " + platform.text(), layer_type);
  const oci::Descriptor config =
      add_blob(cat(R"({"os":")", platform.os, R"(","architecture":")", platform.architecture,
                   R"(","variant":")", platform.variant,
                   R"(","rootfs":{"type":"layers","diff_ids":[")", layer.digest.text(), "\"]}}"),
               config_type);
  oci::Descriptor image = add_manifest(cat(R"({"schemaVersion":2,"config":)", json_of(config),
                                           R"(,"layers":[)", json_of(layer), "]}"),
                                       manifest_type, tag);
  image.platform = platform;
  return image;
}

oci::Descriptor FakeRegistry::add_index(const std::vector<oci::Descriptor>& entries,
                                        const std::string& tag) {
  std::string list;
  for (const oci::Descriptor& entry : entries) {
    list += cat(list.empty() ? "" : ",", json_of(entry));
  }
  return add_manifest(cat(R"({"schemaVersion":2,"manifests":[)", list, "]}"), index_type, tag);
}

void FakeRegistry::serve(Exchange& exchange) {
  if (override_ && override_(exchange)) return;
  if (exchange.target == "/v2/") {
    exchange.reply(200, {}, "{}");
    return;
  }
  const auto found = stored_.find(exchange.target);
  if (found == stored_.end()) {
    exchange.reply(404, {"Content-Type: application/json"},
                   R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"never heard of it"}]})");
    return;
  }
  const Stored& document = found->second;
  exchange.reply(200,
                 {"Content-Type: " + document.type, "Docker-Content-Digest: " + document.digest},
                 document.bytes);
}
