#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "git/object.hpp"
#include "git/object_sink.hpp"
#include "git/snapshot.hpp"
#include "git/transport.hpp"

namespace git {

/// What of a snapshot a repository has already.
struct Known {
  std::unordered_set<Oid, OidHash> ids;  ///< A known tree stands for everything below it.
  std::optional<Oid> tip_tree;           ///< The tree of the commit asked about, if it was learnt.
  std::vector<std::string> tip_names;    ///< What lies at the top of it, if that was learnt.
};

/// One change of one branch.
struct RefUpdate {
  std::string ref;         ///< "refs/heads/main".
  std::optional<Oid> old;  ///< What it must be now; nothing for a new branch.
  Oid wanted;
};

struct PushReply {
  bool accepted = false;
  std::string reason;  ///< The server's words when it did not accept.
};

/// The server does not say what it has. It may take a push all the same.
class CannotAsk : public base::Error {
 public:
  using base::Error::Error;
};

/// A commit stopped coming, or never began to; when asked once more, the server may send all of it.
class FetchBroken : public base::Error {
 public:
  using base::Error::Error;
};

/// A repository to read branches from and push to.
class Remote {
 public:
  virtual ~Remote() = default;

  /// The commits of `ref`, oldest first: `since` itself if it is the newest or an ancestor of it,
  /// then what came after it along first parents. Only the newest when there is no `since` or it is
  /// not (any more) part of the history; none when there is no such ref.
  virtual std::vector<Oid> find_history(const std::string& ref,
                                        const std::optional<Oid>& since) = 0;
  /// Gives `sink` a commit of `ref` with all its trees and blobs, and nothing of its history. Error
  /// saying so when the commit cannot be had (any more), and on anything broken: FetchBroken when
  /// the connection is cut before all objects are here. That they are complete is for the sink to
  /// see.
  virtual void fetch_commit(const Oid& commit, const std::string& ref, ObjectSink& sink) = 0;
  /// The commit `ref` is at now, asked as someone who is about to push; nothing when there is none.
  virtual std::optional<Oid> find_for_pushing(const std::string& ref) = 0;
  /// The refs that start with `prefix` as the last find_for_pushing() saw them: branches, and what
  /// stands in own_namespace or among own_tags (advertisement.hpp). Not every server shows these.
  virtual std::vector<std::string> refs_like(std::string_view prefix) = 0;
  /// A commit whose objects are worth comparing with when the branch itself does not exist.
  virtual std::optional<Oid> default_tip() = 0;

  /// Finds what need not be sent when a push builds on `tip`. `hashed` waits until the snapshot's
  /// ids are there and returns it; it is called only when they are needed. CannotAsk when the
  /// server does not answer, or not as it should.
  virtual Known find_known(const Oid& tip, const std::function<const Snapshot&()>& hashed) = 0;
  /// The tree of `commit`, for which a server has to do less.
  virtual std::optional<Oid> find_tree(const Oid& commit) = 0;

  /// Sends `objects` and moves the branch. Error when the server could not be reached or broke off:
  /// then the branch may have moved or not.
  virtual PushReply push(const RefUpdate& update, const std::vector<PackObject>& objects,
                         unsigned threads) = 0;
  /// Deletes `ref` if it is at `old`, which find_for_pushing() has just answered. Error as of
  /// push().
  virtual PushReply remove(const std::string& ref, const Oid& old) = 0;
};

std::unique_ptr<Remote> open_remote(const RemoteOptions& options, base::Log& log);

}  // namespace git
