#include "git/publish.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "git/patience.hpp"
#include "git/split_push.hpp"
#include "git/upload_refs.hpp"
#include "http/backoff.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

constexpr int most_attempts = 8;

/// How git, JGit and libgit2 say that objects a push builds on are not there.
constexpr std::array<std::string_view, 4> lack_words = {
    "missing necessary objects", "missing blob", "missing tree", "did not receive expected object"};
/// Those of JGit, which knows of objects in other refs only what makes a pack thin.
constexpr std::array<std::string_view, 2> thin_words = {"missing blob", "missing tree"};
/// How they say that somebody else is changing the branch at this moment.
constexpr std::array<std::string_view, 2> lock_words = {"cannot lock ref", "failed to lock"};
/// How some versions of git, from 2.46 on, say that the same pack comes twice at this moment. It
/// may be a disk that is full as well, so a few attempts have to do.
constexpr std::array<std::string_view, 1> twin_words = {"unable to migrate objects"};
constexpr int most_twins = 4;
/// What either of them may go on with when no further attempt can do better.
constexpr std::array<std::string_view, 3> lasting_words = {"exists; cannot create",
                                                           "permission denied", "no space left"};
/// How servers, and what stands in front of them, say that a push is too large.
constexpr std::array<std::string_view, 5> size_words = {
    "maximum allowed size", "pack exceeds the limit", "size is greater than the", "http 413",
    "larger than the server or its proxy allows"};
/// How JGit, GitHub and others, GitLab and Azure DevOps say that one file is. JGit has no word of
/// which.
constexpr std::array<std::string_view, 4> object_words = {
    "object too large", "file size limit", "blobs which exceed", "byte limit for objects"};
/// What is left of it when a proxy swallows the server's words, or time ends it, or the connection
/// ends under it.
constexpr std::array<std::string_view, 5> cut_words = {
    "http 408", "http 50", "ended without saying", "broke off", "socket error"};

/// For which a connection that nobody serves is taken to be still there.
constexpr std::chrono::seconds longest_idle{5};
constexpr std::string_view heads = "refs/heads/";

template <size_t count>
bool says_any(std::string_view text, const std::array<std::string_view, count>& words) {
  const std::string lower = base::to_lower(text);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

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
        throw Error(cat("gave up after ", most_attempts, " attempts: ", setback_));
      }
      log_.info(cat(setback_, "; trying again"));
      request_.pause(attempt);
    }
  }

 private:
  const Snapshot& hashed() {
    if (hashing_.valid()) hashing_.get();
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
      request_.before_push();
      asked_.reset();
    }
    const std::string commit = encode_commit(
        {result.tree, tip, request_.author, request_.committer, request_.time, request_.message});
    base::Hasher hasher(base::HashAlgorithm::sha1);
    result.commit = object_id(hasher, ObjectType::commit, commit);
    std::vector<PackObject> objects = snapshot_.objects_outside(known.ids);
    objects.insert(objects.begin(), {result.commit, ObjectType::commit, commit.size(), commit});
    result.objects = objects.size();
    log_.info(cat("pushing ", base::with_commas(objects.size()), " objects to branch ",
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
    const bool passes =
        says_any(reason, lock_words) || (says_any(reason, twin_words) && ++twins_ <= most_twins);
    if (passes && !says_any(reason, lasting_words)) {
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
    if (!send_all_ && says_any(reason, lack_words)) {
      send_all_ = true;
      thin_ = says_any(reason, thin_words);
      setback_ = "the repository lacks parts of what it has; sending everything";
      return false;
    }
    throw Error(cat(reason, size_hint(reason)));
  }

  std::string_view size_hint(const std::string& reason) const {
    const bool limited = request_.max_push_size != UINT64_MAX;
    if (says_any(reason, object_words)) {
      return "; set source.git.max_file_size to this limit to see which files are larger, and "
             "source.git.lfs to let git-lfs keep them";
    }
    if (says_any(reason, size_words)) {
      return limited
                 ? "; lower source.git.max_push_size, the most that one push may have"
                 : "; set source.git.max_push_size to what the server takes, such as 90MB, and the "
                   "push goes in parts";
    }
    if (limited || !says_any(reason, cut_words)) return "";
    return "; where the server limits the size of a push, set source.git.max_push_size";
  }

  Remote& remote_;
  Snapshot& snapshot_;
  const PublishRequest& request_;
  base::Log& log_;
  std::string ref_;
  Uploads uploads_;
  std::future<void> hashing_;
  std::jthread hashing_thread_;             ///< Stops, wherever it is, when the push fails before.
  std::optional<Clock::time_point> asked_;  ///< When find_tip() did, if nothing slow came since.
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
