#pragma once
#include <memory>
#include <string>

#include "oci/digest.hpp"
#include "oci/image.hpp"
#include "registry/blob_source.hpp"

namespace registry {

/// A blob whose bytes are compared with what its descriptor promises.
class VerifiedBlob : public base::ByteSource {
 public:
  VerifiedBlob(std::unique_ptr<BlobSource> blob, const oci::Descriptor& descriptor,
               std::string name);

  /// Error at the end, when size or digest are not as promised; it tells of answers that the blob
  /// was put together from.
  size_t read(std::span<char> buffer) override;

 private:
  const BlobSource& blob_;  // Owned by verified_.
  oci::VerifiedSource verified_;
};

}  // namespace registry
