#pragma once
#include <memory>

#include "oci/find_image.hpp"
#include "registry/client.hpp"

namespace registry {

/// A registry as a place where images are kept. Any thread may use one of its own.
class RegistryStore : public oci::ImageStore {
 public:
  /// `client` must outlive this.
  explicit RegistryStore(Client& client) : client_(client) {}

  Document fetch(const oci::Digest& digest) override { return client_.fetch(digest.text()); }
  std::unique_ptr<base::ByteSource> open_blob(const oci::Descriptor& descriptor) override {
    return client_.open_blob(descriptor);
  }
  Failure judge(const base::Error& error) const override;

 private:
  Client& client_;
};

}  // namespace registry
