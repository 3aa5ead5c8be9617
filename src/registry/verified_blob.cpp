#include "registry/verified_blob.hpp"

#include <utility>

#include "base/text.hpp"
#include "registry/client.hpp"

namespace registry {

VerifiedBlob::VerifiedBlob(std::unique_ptr<BlobSource> blob, const oci::Descriptor& descriptor,
                           std::string name)
    : blob_(*blob),
      verified_(std::move(blob), descriptor.digest, descriptor.size, std::move(name)) {}

size_t VerifiedBlob::read(std::span<char> buffer) {
  try {
    return verified_.read(buffer);
  } catch (const http::TransportError&) {
    throw;
  } catch (const StatusError&) {
    throw;
  } catch (base::Error& error) {
    // The bytes are used while they come, so that there is no starting over from here.
    if (blob_.pieces() > 1) {
      error.add_context(base::cat("put together from ", blob_.pieces(),
                                  " answers, since the connection broke off (a proxy or the "
                                  "registry may have mixed them up; a new attempt starts from "
                                  "zero)"));
    }
    throw;
  }
}

}  // namespace registry
