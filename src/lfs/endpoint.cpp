#include "lfs/endpoint.hpp"

#include <sys/stat.h>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/transport.hpp"

namespace lfs {
namespace {

using base::cat;

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Where git-lfs's own transfer agent for local repositories puts objects.
std::string objects_below(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const bool has_work_tree = is_directory(cat(path, "/.git"));
  return cat(path, has_work_tree ? "/.git" : "", "/lfs/objects");
}

http::Url with_suffix(http::Url url) {
  while (url.path.ends_with('/')) url.path.pop_back();
  // At the root of a server there is no name that could end in .git.
  const bool is_named = !url.path.empty() && !url.path.ends_with(".git");
  url.path += is_named ? ".git/info/lfs" : "/info/lfs";
  return url;
}

/// The https server that git-lfs expects behind an ssh one which names none.
http::Url beside(const git::SshAddress& address) {
  http::Url url;
  url.scheme = "https";
  url.host = base::to_lower(address.host);
  url.port = 443;
  url.path = cat(address.path.starts_with('/') ? "" : "/", address.path);
  return with_suffix(std::move(url));
}

}  // namespace

Endpoint find_endpoint(const std::string& uri, const std::string& given) {
  const std::string& place = given.empty() ? uri : given;
  Endpoint endpoint;
  if (http::is_http(place)) {
    endpoint.url = http::Url::parse(place);
    if (given.empty()) endpoint.url = with_suffix(std::move(*endpoint.url));
  } else if (place.starts_with("file:///")) {
    endpoint.directory = objects_below(base::percent_decode(place.substr(7)));
  } else if (!given.empty()) {
    throw base::Error(cat("source.git.lfs.url ", git::display_uri(given),
                          ": expected the https:// URL of an LFS server, or file:///PATH of a "
                          "repository"));
  } else if (place.starts_with('/')) {
    endpoint.directory = objects_below(place);
  } else {
    endpoint.ssh = git::parse_ssh_address(place);
    if (endpoint.ssh) endpoint.url = beside(*endpoint.ssh);
  }
  return endpoint;
}

}  // namespace lfs
