#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "git/object.hpp"
#include "git/remote.hpp"
#include "git/thin_commit.hpp"

namespace git {

struct PublishRequest;

/// Brings objects to a server in pushes of limited size before the branch moves: as commits nobody
/// needs to see, on a ref of their own that is deleted at the end, also when a signal ends the
/// program. A warning says when it could not be.
class Uploads {
 public:
  /// `request` tells who commits, the branch, the limit and the threads.
  Uploads(Remote& remote, const PublishRequest& request, base::Log& log)
      : remote_(remote), request_(request), log_(log) {}
  ~Uploads() { remove(); }
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;

  /// Sends as much of `objects`, the parts of one commit, as it takes for the rest to fit one push,
  /// and leaves that rest in `objects`. The reply of the last push: the branch may be moved when it
  /// was accepted. What was sent once is not sent again.
  PushReply send(std::vector<PackObject>& objects);
  /// For a server that does not believe that it has what only the parts have: lets `commit`, which
  /// comes behind them, build on the last of them. Nothing happens when there are none.
  void lean_on_parts(PackObject& commit);
  /// How many objects are there.
  size_t sent() const { return sent_.size(); }
  /// The size of an object that is larger than the limit and goes all the same; 0 for none.
  uint64_t indivisible() const { return indivisible_; }
  /// Whether anything was sent, so that find_for_pushing() has to come before the next push.
  bool any() const { return !ref_.empty(); }

 private:
  void remove() noexcept;
  /// Why it could not be done; "" when there is no such ref any more.
  std::string try_to_remove();
  PushReply open();
  PushReply push(const std::vector<PackObject>& part);

  Remote& remote_;
  const PublishRequest& request_;
  base::Log& log_;
  std::string name_;              ///< At the end of `ref_`, wherever that is.
  std::string ref_;               ///< "" before the first push.
  std::optional<Oid> tip_;        ///< Where `ref_` is.
  bool pushing_ = false;          ///< Until there is a reply.
  std::optional<Oid> last_part_;  ///< The last commit that a part made.
  uint64_t last_part_size_ = 0;   ///< Of its text.
  uint64_t indivisible_ = 0;
  std::unique_ptr<ThinCommit> thin_;
  std::unordered_set<Oid, OidHash> sent_;
  std::vector<TreeEntry> parts_;  ///< Trees with what was sent so far.
};

}  // namespace git
