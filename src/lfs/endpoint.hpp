#pragma once
#include <optional>
#include <string>

#include "git/ssh_transport.hpp"
#include "http/url.hpp"

namespace lfs {

/// Where the large files of a repository are kept.
struct Endpoint {
  std::optional<http::Url> url;        ///< The server; with ssh, unless that names another.
  std::optional<git::SshAddress> ssh;  ///< Ask there for the address and credentials.
  std::string directory;               ///< A local repository's folder of objects; else "".
};

/// What git-lfs takes for the repository `uri`: URI.git/info/lfs, the answer of
/// git-lfs-authenticate over ssh, or lfs/objects in a local repository. `given`, if not empty, is
/// used instead: an http(s) URL of a server, or a file:// URL of a repository.
Endpoint find_endpoint(const std::string& uri, const std::string& given);

}  // namespace lfs
