#include "registry/fetch_image.hpp"

namespace registry {
namespace {

class RegistryStore : public oci::ImageStore {
 public:
  explicit RegistryStore(Client& client) : client_(client) {}

  Document fetch(const oci::Digest& digest) override { return client_.fetch(digest.text()); }
  std::unique_ptr<base::ByteSource> open_blob(const oci::Descriptor& descriptor) override {
    return client_.open_blob(descriptor);
  }
  Failure judge(const base::Error& error) const override {
    if (dynamic_cast<const http::TransportError*>(&error) != nullptr) return Failure::everything;
    const auto* status = dynamic_cast<const StatusError*>(&error);
    if (status == nullptr) return Failure::document;
    // An index may name images that its registry does not have.
    return status->status() == 404 ? Failure::absent : Failure::everything;
  }

 private:
  Client& client_;
};

}  // namespace

Image fetch_image(Client& client, const std::string& tag_or_digest, const oci::Platform& platform,
                  base::Log& log) {
  RegistryStore store(client);
  return oci::find_image(store, client.fetch(tag_or_digest), platform, log);
}

std::string fetch_created(Client& client, const std::string& tag, const oci::Platform& platform) {
  RegistryStore store(client);
  return oci::find_created(store, client.fetch(tag), platform);
}

}  // namespace registry
