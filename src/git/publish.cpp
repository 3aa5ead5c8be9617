#include "git/publish.hpp"

#include <chrono>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/patience.hpp"
#include "git/push_reason.hpp"
#include "git/split_push.hpp"
#include "git/upload_refs.hpp"
#include "http/backoff.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

constexpr int most_attempts = 8;
/// For what is_twin(): it may be a disk that is full as well.
constexpr int most_twins = 4;
/// For which a connection that nobody serves is taken to be still there.
constexpr std::chrono::seconds longest_idle{5};
/// For which nothing is said of an image that is being read.
constexpr std::chrono::seconds longest_silence{2};
constexpr std::string_view heads = "refs/heads/";

class Publisher {
 public:
  Publisher(Remote& remote, Snapshot& snapshot, const PublishRequest& request, base::Log& log)
      : remote_(remote),
        snapshot_(snapshot),
        request_(request),
        log_(log),
        ref_(cat(heads, request.branch)),
        uploads_(remote, request, log) {
    std::packaged_task<void(std::stop_token)> hash([this](const std::stop_token& stop) {
      const base::StopScope scope(stop);
      if (request_.fill) request_.fill();
      snapshot_.hash(stop);
    });
    hashing_ = hash.get_future();
    hashing_thread_ = std::jthread(std::move(hash));
  }

  PublishResult run() {
    for (int attempt = 1;; ++attempt) {
      const std::optional<Oid> tip = find_tip();
      if (!tip) check_name();
      if (auto result = try_once(tip)) {
        remove_stale_uploads(remote_, request_.time, log_);
        return *result;
      }
      if (attempt == most_attempts) {
        throw Error(cat("gave up after ", most_attempts, " attempts: ", setback_,
                        moved_ ? "; does something else publish to it all the time? give each "
                                 "image a branch of its own"
                               : ""));
      }
      log_.info(cat(setback_, "; trying again"));
      moved_ = false;
      request_.pause(attempt);
    }
  }

 private:
  const Snapshot& hashed() {
    if (!hashing_.valid()) return snapshot_;
    // A large image on a slow disk takes minutes.
    while (hashing_.wait_for(longest_silence) == std::future_status::timeout) {
      const std::chrono::duration<double> seconds = Clock::now() - begun_;
      log_.progress(cat("reading the image, ", base::human_seconds(seconds.count()), " so far"));
    }
    hashing_.get();
    return snapshot_;
  }

  std::optional<Oid> find_tip() {
    const auto tip = remote_.find_for_pushing(ref_);
    asked_ = Clock::now();
    return tip;
  }

  /// Error before anything is sent where git would take one branch's name for a folder of the
  /// other's.
  void check_name() {
    const auto refuse = [&](std::string_view ref) {
      const std::string other = base::printable(ref.substr(heads.size()));
      throw Error(cat("branch ", base::printable(request_.branch),
                      " cannot be made where there is branch ", other,
                      ", because one name is a folder of the other; change source.git.branch, or "
                      "delete branch ",
                      other));
    };
    const auto below = remote_.refs_like(cat(ref_, '/'));
    if (!below.empty()) refuse(below.front());
    for (size_t at = ref_.find('/', heads.size()); at != ref_.npos; at = ref_.find('/', at + 1)) {
      const std::string above = ref_.substr(0, at);
      for (const std::string& ref : remote_.refs_like(above)) {
        if (ref == above) refuse(above);
      }
    }
  }

  /// What the repository has; nothing when the branch is not at `tip` any more.
  std::optional<Known> find_known(const std::optional<Oid>& tip) {
    const auto ask = [&] {
      const auto near = tip ? tip : remote_.default_tip();
      if (!near) return Known{};
      return remote_.find_known(*near, [this]() -> const Snapshot& { return hashed(); });
    };
    try {
      return ask();
    } catch (const CannotAsk& error) {
      log_.debug(cat(error.what(), "; asking again"));
    }
    base::throw_if_cancelled();
    if (find_tip() != tip) {
      set_back_by_move();
      return std::nullopt;
    }
    try {
      return ask();
    } catch (const CannotAsk& error) {
      return know_little(tip, error.what());
    }
  }

  /// Sending everything is slow, but always right, unless nothing has changed.
  Known know_little(const std::optional<Oid>& tip, std::string_view reason) {
    Known known;
    try {
      if (tip) known.tip_tree = remote_.find_tree(*tip);
    } catch (const Error& error) {
      log_.debug(error.what());
    }
    base::throw_if_cancelled();
    if (known.tip_tree != hashed().tree()) {
      log_.warn(cat("could not find out what the repository has already, so everything is sent: ",
                    reason));
    }
    return known;
  }

  void set_back_by_move() {
    setback_ = cat("branch ", base::printable(request_.branch), " has moved meanwhile");
    moved_ = true;
  }

  /// Nothing when another attempt may do better; `setback_` says why.
  std::optional<PublishResult> try_once(const std::optional<Oid>& tip) {
    std::optional<Known> found = find_known(tip);
    if (!found) return std::nullopt;
    Known& known = *found;
    if (send_all_) known.ids.clear();
    PublishResult result;
    result.tree = hashed().tree();
    if (tip) result.names_before = std::move(known.tip_names);
    if (tip && known.tip_tree == result.tree) {
      result.commit = *tip;
      result.unchanged = true;
      return result;
    }
    if (request_.before_push && !std::exchange(prepared_, true)) {
      if (request_.before_push() == LeftAlone::yes) asked_.reset();
    }
    const std::string commit =
        encode_commit({result.tree, tip, request_.author, request_.committer, request_.time,
                       cat(request_.message_prefix, request_.message)});
    base::Hasher hasher(base::HashAlgorithm::sha1);
    result.commit = object_id(hasher, ObjectType::commit, commit);
    std::vector<PackObject> objects = snapshot_.objects_outside(known.ids);
    objects.insert(objects.begin(), {result.commit, ObjectType::commit, commit.size(), commit});
    result.objects = objects.size();
    log_.info(cat("pushing ", base::counted(objects.size(), "object", "objects"), " to branch ",
                  base::printable(request_.branch), tip ? "" : " (new)"));
    return send({ref_, tip, result.commit}, std::move(objects)) ? std::optional(result)
                                                                : std::nullopt;
  }

  PushReply push(const RefUpdate& update, std::vector<PackObject>& objects) {
    PushReply reply = uploads_.send(objects);
    if (!reply.accepted) return reply;
    if (thin_) uploads_.lean_on_parts(objects.front());
    // A server may close a connection that nobody has served for a while.
    const bool idle = !asked_ || Clock::now() - *asked_ > longest_idle;
    if ((uploads_.any() || idle) && find_tip() != update.old) {
      return {false, "the branch has moved"};
    }
    return remote_.push(update, objects, request_.threads);
  }

  /// False when another attempt may do better.
  bool send(const RefUpdate& update, std::vector<PackObject> objects) {
    std::string reason;
    bool is_cut = false;
    try {
      const PushReply reply = push(update, objects);
      if (reply.accepted) return true;
      reason = cat("the push was refused: ", reply.reason);
    } catch (const http::TransportError& error) {
      reason = error.what();
      is_cut = Patience::may_pass(error);
    } catch (const Error& error) {
      reason = error.what();
    }
    base::throw_if_cancelled();
    // Where the branch is now tells whose fault it was, whatever words the server chose.
    std::optional<Oid> now;
    try {
      now = find_tip();
    } catch (const Error&) {
      throw Error(reason);
    }
    if (now == update.wanted) return true;
    if (now != update.old) {
      set_back_by_move();
      return false;
    }
    if (is_locked(reason) || (is_twin(reason) && ++twins_ <= most_twins)) {
      setback_ = reason;
      return false;
    }
    // Once more must do where nothing comes through: what stands in between may cut all that takes
    // too long.
    if (is_cut && (!sent_at_cut_ || uploads_.sent() > *sent_at_cut_)) {
      sent_at_cut_ = uploads_.sent();
      setback_ = reason;
      return false;
    }
    // A server may have a tree that is part of no branch any more, but not all that is below it.
    if (!send_all_ && lacks_objects(reason)) {
      send_all_ = true;
      thin_ = knows_no_parts(reason);
      setback_ = "the repository lacks parts of what it has; sending everything";
      return false;
    }
    throw Error(cat(
        reason, size_hint(reason, request_.max_push_size != UINT64_MAX, uploads_.indivisible())));
  }

  Remote& remote_;
  Snapshot& snapshot_;
  const PublishRequest& request_;
  base::Log& log_;
  std::string ref_;
  Uploads uploads_;
  Clock::time_point begun_ = Clock::now();
  std::future<void> hashing_;
  std::jthread hashing_thread_;             ///< Stops, wherever it is, when the push fails before.
  std::optional<Clock::time_point> asked_;  ///< When find_tip() did, if nothing slow came since.
  bool moved_ = false;                      ///< Whether that is the setback.
  bool prepared_ = false;
  bool send_all_ = false;
  bool thin_ = false;
  std::optional<size_t> sent_at_cut_;  ///< Of parts, when the connection was last cut.
  int twins_ = 0;
  std::string setback_;
};

}  // namespace

PublishResult publish(Remote& remote, Snapshot& snapshot, const PublishRequest& request,
                      base::Log& log) {
  return Publisher(remote, snapshot, request, log).run();
}

void pause_before_retry(int attempt) {
  std::random_device seed;
  std::uniform_int_distribution<int> chance(50, 150);
  http::pause(std::chrono::milliseconds(attempt * 2 * chance(seed)));
}

}  // namespace git
