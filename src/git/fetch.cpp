#include "git/fetch.hpp"

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/have_oracle.hpp"
#include "git/pack_reader.hpp"
#include "git/pkt_line.hpp"

namespace git {
namespace {

using base::Error;

/// Reads a pack in side-band packets.
void read_pack(base::ByteSource& reply,
               const std::function<bool(ObjectType, const Oid&, std::string_view)>& visit,
               base::Log& log) {
  SideBandSource pack(reply, [&](std::string_view text) { log.debug(base::trim(text)); });
  read_commits_and_trees(pack, visit);
}

/// Learns from a tree that is here. A subtree is known once it is here itself, complete with what
/// is below it.
void learn_tree(Known& known, const Oid& id, std::string_view content) {
  known.ids.insert(id);
  for (const TreeEntry& entry : parse_tree(content)) {
    base::throw_if_cancelled();
    if (id == known.tip_tree) known.tip_names.push_back(entry.name);
    if (entry.mode != mode_directory && entry.mode != mode_gitlink) known.ids.insert(entry.id);
  }
}

Known fetch_trees(Transport& transport, const Advertisement& upload, const PackRequest& request,
                  base::Log& log) {
  Known known;
  const PackReply reply = request_pack(transport, upload, request);
  read_pack(
      *reply.packets,
      [&](ObjectType type, const Oid& id, std::string_view content) {
        if (type == ObjectType::commit && id == request.want) {
          known.tip_tree = tree_of_commit(content);
        }
        if (type == ObjectType::tree) learn_tree(known, id, content);
        return true;
      },
      log);
  if (!known.tip_tree) throw Error("the server did not send the commit it was asked for");
  return known;
}

}  // namespace

std::optional<Oid> fetch_tree_of(Transport& transport, const Advertisement& upload,
                                 PackRequest request, base::Log& log) {
  if (upload.can("filter") && !request.have) request.filter = "tree:0";
  std::optional<Oid> tree;
  const PackReply reply = request_pack(transport, upload, request);
  read_pack(
      *reply.packets,
      [&](ObjectType type, const Oid& id, std::string_view content) {
        if (type == ObjectType::commit && id == request.want) tree = tree_of_commit(content);
        // The rest is of no interest. As a rule the commit comes first.
        return !tree;
      },
      log);
  return tree;
}

Known find_known_objects(Transport& transport, const Advertisement& upload, const Oid& tip,
                         const std::function<const Snapshot&()>& hashed, base::Log& log) {
  const bool packs = upload.can("side-band-64k") && upload.can("shallow");
  if (packs && upload.can("filter")) {
    log.debug("reading the trees of the branch (filter blob:none)");
    try {
      return fetch_trees(transport, upload, {tip, std::nullopt, 1, "blob:none"}, log);
    } catch (const FilterRefused& refused) {
      log.debug(refused.what());
    }
    read_advertisement(*transport.advertise(Service::upload_pack, Protocol::v0));
  }
  if (packs && upload.can("multi_ack_detailed")) {
    log.debug("asking which objects the repository has (have lines)");
    const Snapshot& snapshot = hashed();
    Known known = ask_what_exists(transport, upload, tip, snapshot);
    if (known.ids.contains(snapshot.tree())) {
      // The conversation of the oracle has gone too far for another request.
      const Advertisement again =
          read_advertisement(*transport.advertise(Service::upload_pack, Protocol::v0));
      // A pack that holds hardly more than the commit.
      known.tip_tree = fetch_tree_of(transport, again, {tip, snapshot.tree(), 1}, log);
    }
    return known;
  }
  if (packs) {
    log.debug("reading the whole branch to learn what it holds");
    return fetch_trees(transport, upload, {tip, std::nullopt, 1}, log);
  }
  throw Error("the server offers no way to ask what it has");
}

}  // namespace git
