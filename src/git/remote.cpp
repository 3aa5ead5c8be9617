#include "git/remote.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/direct_repository.hpp"
#include "git/http_transport.hpp"
#include "git/local_transport.hpp"
#include "git/smart_remote.hpp"
#include "git/ssh_transport.hpp"
#include "http/url.hpp"

namespace git {
namespace {

std::unique_ptr<Remote> open_local(const std::string& path, const RemoteOptions& options,
                                   base::Log& log) {
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (!is_there && errno != ENOENT && errno != ENOTDIR) base::throw_errno(base::printable(path));
  if (!is_there || !S_ISDIR(status.st_mode)) {
    throw base::Error(base::cat(base::printable(path),
                                ": no such directory; make the repository with: git init --bare"));
  }
  if (auto transport = open_local_transport(path)) {
    return std::make_unique<SmartRemote>(std::move(transport), base::printable(path), log,
                                         options.push_options);
  }
  if (!options.push_options.empty()) {
    throw base::Error(base::cat(base::printable(path), ": without git here no hook gets push ",
                                "options; leave out params.push_options"));
  }
  return open_direct_repository(path, log);
}

}  // namespace

std::string_view program_name(Service service) {
  return service == Service::upload_pack ? "git-upload-pack" : "git-receive-pack";
}

std::string display_uri(std::string_view uri) {
  if (uri.find("://") == std::string_view::npos) return base::printable(uri);
  const http::UriParts parts = http::split_user_info(uri);
  std::string user;
  if (parts.user_info && parts.user_info->find_first_of("/?#") != std::string_view::npos) {
    user = "***@";  // A password that somebody forgot to encode, or else a path.
  } else if (parts.user_info && !http::is_http(uri)) {
    // An ssh user is part of the address, as "git" nearly always is; a password never is.
    user = base::cat(parts.user_info->substr(0, parts.user_info->find(':')), '@');
  }
  return base::printable(
      base::cat(parts.scheme, user, parts.rest.substr(0, parts.rest.find_first_of("?#"))));
}

std::string name_in_errors(std::string_view uri) {
  if (!uri.starts_with("file:///")) return display_uri(uri);
  return base::printable(base::percent_decode(uri.substr(7)));
}

std::unique_ptr<Remote> open_remote(const RemoteOptions& options, base::Log& log) {
  const std::string& uri = options.uri;
  const auto smart = [&](std::unique_ptr<Transport> transport) {
    return std::make_unique<SmartRemote>(std::move(transport), display_uri(uri), log,
                                         options.push_options);
  };
  if (http::is_http(uri)) return smart(open_http_transport(options, log));
  if (auto address = parse_ssh_address(uri)) {
    return smart(open_ssh_transport(*std::move(address), options, log));
  }
  if (uri.starts_with("file:///"))
    return open_local(base::percent_decode(uri.substr(7)), options, log);
  if (uri.starts_with("/")) return open_local(uri, options, log);
  throw base::Error(base::cat("source.git.uri ", display_uri(uri),
                              ": use https://, http://, ssh://, user@host:path or file:///path"));
}

}  // namespace git
