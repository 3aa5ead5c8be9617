#include "registry/registry_store.hpp"

namespace registry {

oci::ImageStore::Failure RegistryStore::judge(const base::Error& error) const {
  if (dynamic_cast<const http::TransportError*>(&error) != nullptr) return Failure::everything;
  const auto* status = dynamic_cast<const StatusError*>(&error);
  if (status == nullptr) return Failure::document;
  // An index may name images that its registry does not have.
  return status->status() == 404 ? Failure::absent : Failure::everything;
}

}  // namespace registry
