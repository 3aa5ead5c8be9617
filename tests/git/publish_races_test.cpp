#include <fstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/support/passing_remote.hpp"
#include "git/support/publication.hpp"
#include "support/message_of.hpp"

namespace {

using Path = std::filesystem::path;

/// Runs an action once, right before the first push.
class Interfering : public PassingRemote {
 public:
  Interfering(std::unique_ptr<git::Remote> inner, std::function<void()> action)
      : PassingRemote(std::move(inner)), action_(std::move(action)) {}
  git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                      unsigned threads) override {
    if (action_) std::exchange(action_, nullptr)();
    return PassingRemote::push(update, objects, threads);
  }

 private:
  std::function<void()> action_;
};

}  // namespace

TEST_CASE("losing a race builds on the winner's commit") {
  const By by = GENERATE(By::programs, By::direct);
  const bool branch_exists = GENERATE(true, false);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  if (branch_exists) publish(scratch / "r", by, "one");
  base::Log log(-1);
  std::string winner;
  Interfering remote(opened_by(by, scratch / "r", log),
                     [&] { winner = commit_by_hand(scratch / "r", "main"); });
  git::Snapshot snapshot = image("two");
  const auto result = git::publish(remote, snapshot, request_for("main"), log);
  CHECK(git_in(scratch / "r", "rev-parse main~1") == winner);
  check_repository(scratch / "r", result, "two");
}

TEST_CASE("who loses every race is told what may be wrong with the branch") {
  class Busy : public PassingRemote {
   public:
    Busy(std::unique_ptr<git::Remote> inner, Path path)
        : PassingRemote(std::move(inner)), path_(std::move(path)) {}
    git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                        unsigned threads) override {
      const std::string tree = git_in(path_, "mktree < /dev/null");
      const std::string words = "-c user.name=h -c user.email=h@h commit-tree -m hand-";
      const std::string commit = git_in(path_, base::cat(words, ++count_, " ", tree));
      git_in(path_, "update-ref refs/heads/main " + commit);
      return PassingRemote::push(update, objects, threads);
    }

   private:
    Path path_;
    int count_ = 0;
  };
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Busy remote(opened_by(By::direct, scratch / "r", log), scratch / "r");
  git::Snapshot snapshot = image("one");
  CHECK(contains(message_of([&] { git::publish(remote, snapshot, request_for("main"), log); }),
                 "branch main has moved meanwhile; does something else publish to it"));
}

TEST_CASE("two who publish the same image at once agree on one commit") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  git::PublishResult winner;
  Interfering remote(opened_by(By::programs, scratch / "r", log),
                     [&] { winner = publish(scratch / "r", By::programs, "one"); });
  git::Snapshot snapshot = image("one");
  auto request = request_for("main");
  request.time += 1;
  const auto result = git::publish(remote, snapshot, request, log);
  CHECK(result.commit == winner.commit);
  CHECK(git_in(scratch / "r", "rev-list --count main") == "1");
}

TEST_CASE("a branch locked for a moment does not fail the push") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  commit_by_hand(scratch / "r", "main");
  const Path lock = scratch / "r" / "refs" / "heads" / "main.lock";
  std::ofstream(lock).close();
  base::Log log(-1);
  const auto remote = opened_by(by, scratch / "r", log);
  git::Snapshot snapshot = image("one");
  auto request = request_for("main");
  request.pause = [&](int) { std::filesystem::remove(lock); };
  check_repository(scratch / "r", git::publish(*remote, snapshot, request, log), "one");
}

TEST_CASE("the same pack coming from somebody else at the same moment does not fail the push") {
  class Twins : public PassingRemote {
   public:
    Twins(std::unique_ptr<git::Remote> inner, int count)
        : PassingRemote(std::move(inner)), left(count) {}
    git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                        unsigned threads) override {
      if (left-- > 0) return {false, "unable to migrate objects to permanent storage"};
      return PassingRemote::push(update, objects, threads);
    }
    int left;
  };
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  git::Snapshot snapshot = image("one");
  SECTION("a few times") {
    Twins remote(opened_by(By::programs, scratch / "r", log), 3);
    check_repository(scratch / "r", git::publish(remote, snapshot, request_for("main"), log),
                     "one");
  }
  SECTION("or what says so is something else, and is not tried without an end") {
    Twins remote(opened_by(By::programs, scratch / "r", log), 100);
    REQUIRE_THROWS_AS(git::publish(remote, snapshot, request_for("main"), log), base::Error);
    CHECK(remote.left == 95);
  }
}
