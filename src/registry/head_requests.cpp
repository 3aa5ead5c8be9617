#include "registry/head_requests.hpp"

#include <deque>

namespace registry {
namespace {

/// How many connections one program takes of a registry.
constexpr size_t most_at_once = 8;

}  // namespace

std::optional<oci::Digest> digest_of_head(const http::Response& response) {
  if (response.status != 200) return std::nullopt;
  if (!response.headers.get("Content-Type") || !response.headers.get("Content-Length")) {
    return std::nullopt;
  }
  return oci::Digest::try_parse(response.headers.get("Docker-Content-Digest").value_or(""));
}

size_t resolve_ahead(Requests& requests, const std::vector<std::string>& paths, size_t start,
                     const std::string& accept, std::vector<std::optional<oci::Digest>>& digests) {
  std::deque<http::PendingResponse> under_way;
  size_t started = start;
  for (size_t i = start; i < paths.size(); ++i) {
    while (started < paths.size() && under_way.size() < most_at_once) {
      under_way.push_back(requests.start("HEAD", paths[started++], {accept}));
    }
    try {
      const http::Response response = under_way.front().wait();
      digests[i] = digest_of_head(response);
      if (!digests[i] && response.status != 404) return i;
    } catch (const http::TransportError&) {
      return i;
    }
    under_way.pop_front();
  }
  return paths.size();
}

}  // namespace registry
