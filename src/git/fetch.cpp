#include "git/fetch.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/have_oracle.hpp"
#include "git/pack_reader.hpp"
#include "git/pkt_line.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;

/// Skips what stands before the pack: shallow lines, and the final ACK or NAK.
void skip_to_pack(base::ByteSource& reply) {
  PktReader packets(reply);
  for (;;) {
    const PktReader::Kind kind = packets.next();
    const std::string& line = packets.line();
    if (kind == PktReader::Kind::end) throw Error("the server sent no pack");
    if (kind == PktReader::Kind::flush) continue;
    if (line.starts_with("ERR ")) {
      throw Error(cat("the server said: ", base::printable(line.substr(4))));
    }
    // "ACK <id> common" and the like come before; the last one stands alone.
    if (line == "NAK" || (line.starts_with("ACK ") && line.size() == 44)) return;
  }
}

struct FetchPlan {
  Oid tip;
  bool without_blobs = false;
  const Oid* have = nullptr;  ///< A tree the server need not send.
};

/// Asks for one commit with its trees, without history.
std::unique_ptr<base::ByteSource> request_tip(Transport& transport, const Advertisement& upload,
                                              const FetchPlan& plan) {
  std::string want = cat("want ", plan.tip.hex());
  for (const std::string_view word :
       {"multi_ack_detailed", "side-band-64k", "ofs-delta", "no-progress", "filter"}) {
    if (upload.can(word) && (word != "filter" || plan.without_blobs)) want += cat(' ', word);
  }
  std::string body = pkt_line(want + "\n") + pkt_line("deepen 1");
  if (plan.without_blobs) body += pkt_line("filter blob:none");
  body += flush_pkt;
  if (plan.have != nullptr) body += pkt_line(cat("have ", plan.have->hex(), '\n'));
  body += pkt_line("done\n");
  auto reply = transport.request(Service::upload_pack,
                                 [&] { return std::make_unique<base::MemorySource>(body); });
  skip_to_pack(*reply);
  return reply;
}

/// Reads the pack of request_tip.
void read_pack(base::ByteSource& reply,
               const std::function<bool(ObjectType, const Oid&, std::string_view)>& visit,
               base::Log& log) {
  SideBandSource pack(reply, [&](std::string_view text) { log.debug(base::trim(text)); });
  read_commits_and_trees(pack, visit);
}

Known fetch_trees(Transport& transport, const Advertisement& upload, const FetchPlan& plan,
                  base::Log& log) {
  Known known;
  const auto reply = request_tip(transport, upload, plan);
  read_pack(
      *reply,
      [&](ObjectType type, const Oid& id, std::string_view content) {
        if (type == ObjectType::commit && id == plan.tip) known.tip_tree = tree_of_commit(content);
        if (type == ObjectType::tree) {
          known.ids.insert(id);
          for (const TreeEntry& entry : parse_tree(content)) {
            // A subtree is known once it is here itself, complete with what is below it.
            if (entry.mode != mode_directory) known.ids.insert(entry.id);
          }
        }
        return true;
      },
      log);
  if (!known.tip_tree) throw Error("the server did not send the commit it was asked for");
  return known;
}

/// Learns the tree of the tip from a pack that holds hardly more than the commit, because the
/// server is told that we have `tree`.
std::optional<Oid> fetch_tip_tree(Transport& transport, const Oid& tip, const Oid& tree,
                                  base::Log& log) {
  // The conversation of the oracle has gone too far for another request.
  transport.abandon(Service::upload_pack);
  const Advertisement upload = read_advertisement(*transport.advertise(Service::upload_pack));
  std::optional<Oid> tip_tree;
  const auto reply = request_tip(transport, upload, {tip, false, &tree});
  read_pack(
      *reply,
      [&](ObjectType type, const Oid& id, std::string_view content) {
        if (type == ObjectType::commit && id == tip) tip_tree = tree_of_commit(content);
        // Commits come first in a pack; the rest is of no interest.
        return false;
      },
      log);
  return tip_tree;
}

}  // namespace

Known find_known_objects(Transport& transport, const Advertisement& upload, const Oid& tip,
                         const std::function<const Snapshot&()>& hashed, base::Log& log) {
  const bool packs = upload.can("side-band-64k") && upload.can("shallow");
  if (packs && upload.can("filter")) {
    log.debug("reading the trees of the branch (filter blob:none)");
    return fetch_trees(transport, upload, {tip, true, nullptr}, log);
  }
  if (packs && upload.can("multi_ack_detailed")) {
    log.debug("asking which objects the repository has (have lines)");
    const Snapshot& snapshot = hashed();
    Known known = ask_what_exists(transport, tip, snapshot);
    if (known.ids.contains(snapshot.tree())) {
      known.tip_tree = fetch_tip_tree(transport, tip, snapshot.tree(), log);
    }
    return known;
  }
  if (packs) {
    log.debug("reading the whole branch to learn what it holds");
    return fetch_trees(transport, upload, {tip, false, nullptr}, log);
  }
  throw Error("its server can neither filter nor acknowledge objects");
}

}  // namespace git
