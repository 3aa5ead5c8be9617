#include "git/fetch_commit.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/history.hpp"
#include "git/pack_reader.hpp"
#include "git/pkt_line.hpp"

namespace git {
namespace {

using base::cat;

/// The commits from `request.have` to `request.want`.
BranchHistory read_history(Transport& transport, const Advertisement& upload,
                           const PackRequest& request, base::Log& log) {
  const PackReply reply = request_pack(transport, upload, request);
  // What the server does not have is no part of any branch; the pack need not be read.
  if (!reply.has) return {{request.want}};
  History history(*request.have, request.want);
  bool only_commits = true;
  SideBandSource band(*reply.packets, [&](std::string_view text) { log.debug(base::trim(text)); });
  read_commits_and_trees(band, [&](ObjectType type, const Oid& id, std::string_view content) {
    if (type == ObjectType::commit) history.add(id, parents_of_commit(content));
    if (type != ObjectType::tree || !only_commits) return true;
    // Servers that cannot filter send commits first. Mostly they say enough.
    only_commits = false;
    return !history.connected();
  });
  return {history.answer(), history.depth()};
}

}  // namespace

BranchHistory fetch_history(Transport& transport, const Advertisement& upload, const Oid& since,
                            const Oid& tip, base::Log& log) {
  PackRequest request{tip, since};
  if (!upload.can_filter()) return read_history(transport, upload, request, log);
  request.filter = "tree:0";
  try {
    return read_history(transport, upload, request, log);
  } catch (const FilterRefused& refused) {
    log.debug(cat(refused.what(), "; asking without a filter"));
  }
  request.filter = {};
  const Advertisement again =
      read_advertisement(*transport.advertise(Service::upload_pack, upload.protocol));
  return read_history(transport, again, request, log);
}

bool may_want(const Advertisement& upload, const Oid& commit) {
  // In version 2 every object may be asked for.
  return upload.protocol == Protocol::v2 || upload.can("allow-reachable-sha1-in-want") ||
         std::any_of(upload.refs.begin(), upload.refs.end(),
                     [&](const auto& ref) { return ref.second == commit; });
}

std::string not_on_branch(const Oid& commit, std::string_view ref) {
  constexpr std::string_view heads = "refs/heads/";
  if (ref.starts_with(heads)) ref.remove_prefix(heads.size());
  return cat("commit ", commit.hex(), " is not (any more) on branch ", base::printable(ref),
             ": the branch was rewritten or its history cut since that version was found; check "
             "the resource again to find the versions there are now");
}

}  // namespace git
