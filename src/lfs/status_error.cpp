#include "lfs/status_error.hpp"

#include "base/text.hpp"

namespace lfs {

using base::cat;

std::string_view advice_for(long status) {
  switch (status) {
    case 401:
      return "the LFS server wants a login, or another one: see source.git.username and "
             "source.git.password, or write that of a server elsewhere into its address in "
             "source.git.lfs.url (https://user:password@...)";
    case 403:
      return "access denied: may this user read, or write to, the large files of this repository?";
    case 404:
      return "not there: no LFS server at this address (turn git-lfs on at the host, or set "
             "source.git.lfs.url), no such repository, or no such file";
    case 413:
      return "a file is larger than the server or its proxy allows";
    case 422:
      return "the server does not take this file";
    case 507:
    case 509:
      return "the storage or bandwidth of this account is used up";
    default:
      return "";
  }
}

StatusError make_status_error(http::Response& response, const http::Url& url) {
  const auto retry_after = http::retry_after_of(response);
  const std::string said = http::describe_error_body(response);
  const std::string_view advice = advice_for(response.status);
  return {response.status, retry_after,
          cat(url.display(), ": HTTP ", response.status, advice.empty() ? "" : ": ", advice,
              said.empty() ? "" : "; the server said: ", said)};
}

}  // namespace lfs
