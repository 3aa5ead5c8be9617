#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.hpp"

namespace oci {

/// An image name as people write it: [registry/]repository[:tag][@digest].
struct Reference {
  std::string registry;    ///< Host with optional port; "docker.io" where none is written.
  std::string repository;  ///< "library/ubuntu" for "ubuntu" on Docker Hub.
  std::string tag;         ///< "" when none is written.
  std::optional<Digest> digest;

  /// Error that says what is wrong with `text` and how it should look.
  static Reference parse(std::string_view text);

  /// Host to talk to: registry-1.docker.io for docker.io.
  std::string wire_host() const;
  /// "registry/repository" without tag and digest.
  std::string name() const;
  bool is_docker_hub() const { return registry == "docker.io"; }
};

/// Whether `text` may be a tag: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}.
bool is_valid_tag(std::string_view text);

}  // namespace oci
