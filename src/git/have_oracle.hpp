#pragma once
#include "git/advertisement.hpp"
#include "git/remote.hpp"
#include "git/transport.hpp"

namespace git {

/// Asks the server for each tree and then for each blob in the trees it lacks whether it has it:
/// upload-pack answers every "have" line of an object that exists with "ACK <id> common"
/// (gitprotocol-pack, Packfile Negotiation, multi_ack_detailed). No pack is made.
Known ask_what_exists(Transport& transport, const Advertisement& upload, const Oid& tip,
                      const Snapshot& snapshot);

}  // namespace git
