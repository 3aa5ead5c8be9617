#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.hpp"
#include "git/object.hpp"
#include "git/transport.hpp"

namespace git {

/// Where pushes in parts have their refs (upload_refs.hpp).
inline constexpr std::string_view own_namespace = "refs/rootfs-git-resource/";
inline constexpr std::string_view own_tags = "refs/tags/rootfs-git-resource-";

/// What a service says first: what it can do (gitprotocol-v2, Capability Advertisement), and in
/// version 0 its refs, too (gitprotocol-pack, Reference Discovery).
struct Advertisement {
  Protocol protocol = Protocol::v0;
  std::map<std::string, Oid> refs;                  ///< Branches only.
  std::map<std::string, Oid> own_refs;              ///< In own_namespace, or among own_tags.
  std::map<std::string, std::string> capabilities;  ///< Value "" where there is none.
  std::string head;  ///< The branch HEAD stands for ("refs/heads/main"), or "".

  bool can(std::string_view capability) const {
    return capabilities.contains(std::string(capability));
  }
  /// Whether it can leave objects out of what it sends.
  bool can_filter() const { return can_in_fetch("filter"); }
  /// Whether it can leave older commits out.
  bool can_cut() const { return can_in_fetch("shallow"); }
  std::optional<Oid> find(const std::string& ref) const;

 private:
  /// In version 2, what belongs to a command is told with it.
  bool can_in_fetch(std::string_view feature) const;
};

/// Reads up to the closing flush. Error with the server's words on an ERR line, for a repository
/// that is not in SHA-1 format, and for a list without any sensible end.
Advertisement read_advertisement(base::ByteSource& source);

}  // namespace git
