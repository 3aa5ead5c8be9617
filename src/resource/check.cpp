#include "base/text.hpp"
#include "git/remote.hpp"
#include "resource/check_tags.hpp"
#include "resource/registries.hpp"
#include "resource/steps.hpp"

namespace resource {
namespace {

/// Whether the version of a build before can still be had.
bool is_there(registry::Client& client, const oci::Digest& digest, base::Log& log) {
  try {
    return client.resolve(digest.text()).has_value();
  } catch (const registry::StatusError& error) {
    // Perhaps what came in its place is there because of just that; and some registries fail at
    // what they have no longer. What is there now has been told.
    if (!client.is_last()) throw;
    log.warn(base::cat(error.what(), "; the version is left out"));
    return false;
  }
}

std::vector<Version> check_tag(registry::Client& client, const ImageSource& image,
                               const std::optional<Version>& given, base::Log& log) {
  const auto current = client.resolve(image.tag);
  if (!current) return {};
  std::vector<Version> versions;
  const auto old = given ? oci::Digest::try_parse(given->digest) : std::nullopt;
  if (old && *old != *current && is_there(client, *old, log)) {
    versions.push_back({image.tag, old->text(), ""});
  }
  versions.push_back({image.tag, current->text(), ""});
  return versions;
}

std::vector<Version> check_image(const ImageSource& image, const oci::Platform& platform,
                                 const std::optional<Version>& given, base::Log& log) {
  const bool single = std::holds_alternative<SingleTag>(image.rules);
  std::vector<Version> versions;
  // Concourse asks again in a minute; hours of waiting would only hide the reason.
  with_registry(image, registry::OnPullLimit::fail, log, [&](registry::Client& client) {
    versions = single ? check_tag(client, image, given, log)
                      : check_tags(client, image, platform, given, log);
    return !versions.empty();
  });
  if (versions.empty() && single) {
    log.info(base::cat(image.repository, ":", image.tag,
                       ": the registry has no such tag or repository"));
  }
  return versions;
}

std::vector<Version> check_branch(const GitSource& source, const std::optional<Version>& given,
                                  base::Log& log) {
  const auto remote = git::open_remote(source.remote, log);
  // What is no commit id cannot be part of the history, as a commit that is gone.
  const auto since = given ? git::Oid::parse(given->ref) : std::nullopt;
  std::vector<Version> versions;
  for (const git::Oid& commit :
       remote->find_history(base::cat("refs/heads/", source.branch), since)) {
    versions.push_back({"", "", commit.hex()});
  }
  if (versions.empty()) {
    log.info(base::cat(git::display_uri(source.remote.uri), ": no branch ", source.branch, " yet"));
  }
  return versions;
}

}  // namespace

std::vector<Version> check(const CheckRequest& request, base::Log& log) {
  if (request.source.image) {
    return check_image(*request.source.image, request.source.platform, request.version, log);
  }
  return check_branch(*request.source.git, request.version, log);
}

}  // namespace resource
