#pragma once
#include <functional>
#include <string>

#include "base/log.hpp"
#include "git/remote.hpp"
#include "git/snapshot.hpp"

namespace git {

/// Waits a little longer after each attempt, with chance in it; stops for a signal.
void pause_before_retry(int attempt);

/// Whether the repository's server was left alone while something else was done.
enum class LeftAlone { no, yes };

struct PublishRequest {
  std::string branch;
  Identity author;
  Identity committer;
  int64_t time = 0;            ///< Of the commit, seconds since 1970.
  std::string message_prefix;  ///< In front of the message of every commit.
  std::string message;
  unsigned threads = 2;  ///< That compress.
  /// Largest pack of one push in bytes; what may be larger is sent in parts (split_push.hpp).
  uint64_t max_push_size = UINT64_MAX;
  /// Adds what the snapshot is to hold, on a thread of its own while the repository is asked what
  /// it has; null where it is all there.
  std::function<void()> fill;
  /// Called once, before anything is sent, unless there is nothing to send. Where it says that the
  /// server was left alone, that is asked anew, which may cost a login.
  std::function<LeftAlone()> before_push;
  /// Waits before a further attempt; a test passes one that does not.
  std::function<void(int attempt)> pause = pause_before_retry;
};

struct PublishResult {
  Oid commit;
  Oid tree;
  bool unchanged = false;  ///< The branch held this tree already; nothing was sent.
  uint64_t objects = 0;    ///< Sent.
  /// What lies at the top of the commit before, if that was learnt.
  std::vector<std::string> names_before;
};

/// Makes `snapshot` (not yet hashed) the newest commit of a branch: hashes what is left of it while
/// the repository is asked what it has, sends what is new and moves the branch, if it is still
/// where it was. When somebody else was faster, builds on their commit and tries again a few times.
/// Parts of a push are never seen on the branch.
PublishResult publish(Remote& remote, Snapshot& snapshot, const PublishRequest& request,
                      base::Log& log);

}  // namespace git
