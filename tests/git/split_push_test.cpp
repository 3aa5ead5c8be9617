#include "git/split_push.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "git/support/large_image.hpp"
#include "git/support/passing_remote.hpp"
#include "git/support/publication.hpp"
#include "support/captured_log.hpp"
#include "support/message_of.hpp"

namespace {

using Path = std::filesystem::path;

constexpr uint64_t limit = 60'000;

/// Counts objects on their way and runs an action once, right before the branch is to move.
class Watched : public PassingRemote {
 public:
  using PassingRemote::PassingRemote;

  git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                      unsigned threads) override {
    if (update.ref == "refs/heads/main" && action) std::exchange(action, nullptr)();
    refs.insert(update.ref);
    uint64_t size = 0;
    for (const auto& object : objects) {
      if (!sent.insert(object.id).second) ++repeated;
      size += object.size;
    }
    if (objects.size() > 4) largest = std::max(largest, size);
    return PassingRemote::push(update, objects, threads);
  }

  std::function<void()> action;
  std::set<std::string> refs;
  std::set<git::Oid> sent;
  unsigned repeated = 0;
  uint64_t largest = 0;  ///< Bytes of one push, those of few objects aside.
};

git::PublishResult publish(git::Remote& remote, uint64_t max_push_size, base::Log& log) {
  git::PublishRequest request = request_for("main");
  request.max_push_size = max_push_size;
  git::Snapshot snapshot = large_image();
  return git::publish(remote, snapshot, request, log);
}

std::string branches(const Path& repository) {
  return git_in(repository, "for-each-ref '--format=%(refname)'");
}

}  // namespace

TEST_CASE("a push in parts makes the commit one push makes and leaves nothing else behind") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  base::Log log(-1);
  make_bare_repository(scratch / "whole");
  make_bare_repository(scratch / "parts");
  const auto whole = publish(*opened_by(by, scratch / "whole", log), UINT64_MAX, log);
  Watched remote(opened_by(by, scratch / "parts", log));
  const auto result = publish(remote, limit, log);
  CHECK(result.commit == whole.commit);
  CHECK(result.objects == whole.objects);
  CHECK(remote.refs.size() == 2);
  CHECK(remote.repeated == 0);
  CHECK(remote.largest < limit);
  CHECK(branches(scratch / "parts") == "refs/heads/main");
  git_in(scratch / "parts", "fsck --strict");
  CHECK(git_in(scratch / "parts", "rev-list --count main") == "1");
}

TEST_CASE("a server's limit is met in parts, and named with the way out without them") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "config receive.maxInputSize 100k");
  git_in(scratch / "r", "config receive.fsckObjects true");
  base::Log log(-1);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  const std::string refusal = message_of([&] { publish(*remote, UINT64_MAX, log); });
  CHECK(contains(refusal, "set source.git.max_push_size"));
  CHECK(branches(scratch / "r").empty());
  CHECK(contains(message_of([&] { publish(*remote, 200'000, log); }),
                 "lower source.git.max_push_size"));
  CHECK(branches(scratch / "r").empty());
  CapturedLog captured;
  publish(*remote, 100'000, captured);
  CHECK_FALSE(contains(captured.text(), "cannot be divided"));
  CHECK(branches(scratch / "r") == "refs/heads/main");
  git_in(scratch / "r", "fsck --strict");
}

TEST_CASE("whoever sets a limit below one file learns that it does not hold for that file") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  CapturedLog log;
  publish(*opened_by(By::programs, scratch / "r", log), limit, log);
  CHECK(contains(log.text(), "an object of up to 70 kB, which cannot be divided"));
}

TEST_CASE("nobody is told to divide further what cannot be divided") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "config receive.maxInputSize 60k");
  base::Log log(-1);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  const std::string refusal = message_of([&] { publish(*remote, limit, log); });
  CHECK(contains(refusal, "an object of up to 70 kB cannot be divided"));
  CHECK(contains(refusal, "(source.git.lfs)"));
}

TEST_CASE("a server that takes branches only gets the parts on a branch") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  add_hook(scratch / "r", "update", "case $1 in refs/heads/*) ;; *) exit 1 ;; esac\n");
  base::Log log(-1);
  Watched remote(opened_by(By::programs, scratch / "r", log));
  publish(remote, limit, log);
  CHECK(std::count_if(remote.refs.begin(), remote.refs.end(), [](const std::string& ref) {
          return ref.starts_with("refs/heads/rootfs-git-resource-upload-");
        }) == 1);
  CHECK(branches(scratch / "r") == "refs/heads/main");
}

TEST_CASE("who may push to the branch alone learns that parts need a ref besides") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  add_hook(scratch / "r", "update",
           "test $1 = refs/heads/main || { echo not so named >&2; exit 1; }\n");
  base::Log log(-1);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  const std::string refusal = message_of([&] { publish(*remote, limit, log); });
  CHECK(contains(refusal, "not so named"));
  CHECK(contains(refusal, "temporary ref"));
  CHECK(branches(scratch / "r").empty());
}

TEST_CASE("no host makes a temporary branch the default of a repository that is still empty") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  // As Gitea and others do; git itself then refuses to delete it.
  add_hook(scratch / "r", "update", "case $1 in refs/rootfs*) exit 1 ;; esac\n");
  add_hook(
      scratch / "r", "post-receive",
      "while read -r old new ref; do\n"
      "  case $ref in refs/heads/*) test -e made || git symbolic-ref HEAD $ref; : >made ;; esac\n"
      "done\n");
  CapturedLog log;
  publish(*opened_by(By::programs, scratch / "r", log), limit, log);
  CHECK(git_in(scratch / "r", "symbolic-ref HEAD") == "refs/heads/main");
  CHECK(branches(scratch / "r") == "refs/heads/main");
  CHECK_FALSE(contains(log.text(), "could not delete"));
}

TEST_CASE("a ref that may not be deleted is named, and the push counts") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  add_hook(scratch / "r", "update", "case $3 in 0000*) exit 1 ;; esac\n");
  CapturedLog captured;
  base::Log& log = captured;
  const auto result = publish(*opened_by(By::programs, scratch / "r", log), limit, log);
  CHECK(git_in(scratch / "r", "rev-parse main") == result.commit.hex());
  CHECK(contains(captured.text(),
                 "could not delete the temporary ref refs/rootfs-git-resource/upload-"));
}

TEST_CASE("a server that believes only what a thin pack proves takes a push in parts") {
  /// As JGit checks what a push refers to, and so Gerrit.
  class Disbelieving : public PassingRemote {
   public:
    Disbelieving(std::unique_ptr<git::Remote> inner, Path repository)
        : PassingRemote(std::move(inner)), repository_(std::move(repository)) {}

    git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                        unsigned threads) override {
      if (update.ref == "refs/heads/main") {
        std::string there;
        for (const auto& object : objects) there += object.id.hex() + '\n';
        if (objects.front().packed != nullptr) {
          // There is one ref, that of the parts.
          there += git_in(repository_, "ls-tree -rt $(git -C '" + repository_.string() +
                                           "' for-each-ref '--format=%(refname)')");
        }
        git::Snapshot snapshot = large_image();
        snapshot.hash();
        for (const auto& object : snapshot.objects_outside({})) {
          if (!contains(there, object.id.hex())) return {false, "Missing blob " + object.id.hex()};
        }
      }
      return PassingRemote::push(update, objects, threads);
    }

   private:
    Path repository_;
  };
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Disbelieving remote(opened_by(By::programs, scratch / "r", log), scratch / "r");
  // Two parts, and more than one tree lists.
  publish(remote, GENERATE(uint64_t{200'000}, uint64_t{8'000}), log);
  CHECK(branches(scratch / "r") == "refs/heads/main");
  git_in(scratch / "r", "fsck --strict");
  CHECK(git_in(scratch / "r", "rev-list --count main") == "1");
}

TEST_CASE("a branch that declines ends the push and takes the parts with it") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  add_hook(scratch / "r", "update", "case $1 in refs/heads/main) echo frozen >&2; exit 1; esac\n");
  base::Log log(-1);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  CHECK(contains(message_of([&] { publish(*remote, limit, log); }), "frozen"));
  CHECK(branches(scratch / "r").empty());
}

TEST_CASE("losing a race does not send the parts a second time") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Watched remote(opened_by(By::programs, scratch / "r", log));
  std::string winner;
  remote.action = [&] { winner = commit_by_hand(scratch / "r", "main"); };
  publish(remote, limit, log);
  CHECK(git_in(scratch / "r", "rev-parse main~1") == winner);
  // What went with the branch goes with it again: less than one part.
  CHECK(remote.repeated < 15);
  CHECK(branches(scratch / "r") == "refs/heads/main");
  git_in(scratch / "r", "fsck --strict");
}
