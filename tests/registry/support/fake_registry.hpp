#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "oci/image.hpp"
#include "registry/client.hpp"
#include "support/loopback_server.hpp"
#include "support/message_of.hpp"

/// A registry with the repository "some/image" that keeps to the rules; tests put their own handler
/// in front for the requests they want answered differently.
class FakeRegistry {
 public:
  /// Answers an exchange and returns true, or leaves it to the registry.
  using Override = std::function<bool(Exchange&)>;
  explicit FakeRegistry(Override override = {});

  /// Stores content under its digest and, if given, a tag; returns a descriptor of it.
  oci::Descriptor add_blob(const std::string& bytes, const std::string& type);
  oci::Descriptor add_manifest(const std::string& bytes, const std::string& type,
                               const std::string& tag = "");
  /// Stores config, one layer and the manifest of an image.
  oci::Descriptor add_image(const oci::Platform& platform, const std::string& tag = "");
  oci::Descriptor add_index(const std::vector<oci::Descriptor>& entries,
                            const std::string& tag = "");

  LoopbackServer& server() { return *server_; }
  oci::Reference reference() const;
  /// A client whose waits take no time and are kept in `naps`.
  registry::Client client(registry::Options options = {});

  base::Log log{-1};
  std::vector<std::chrono::milliseconds> naps;

 private:
  void serve(Exchange& exchange);

  struct Stored {
    std::string bytes;
    std::string type;
    std::string digest;
  };
  Override override_;
  std::map<std::string, Stored> stored_;  // By path.
  std::unique_ptr<LoopbackServer> server_;
};

/// JSON of a descriptor.
std::string json_of(const oci::Descriptor& descriptor);
