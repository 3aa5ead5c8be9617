#include "base/error.hpp"
#include "git/support/passing_remote.hpp"
#include "git/support/publication.hpp"
#include "support/message_of.hpp"

namespace {

/// Says no to every push.
class Refusing : public PassingRemote {
 public:
  Refusing(std::unique_ptr<git::Remote> inner, std::string reason)
      : PassingRemote(std::move(inner)), reason_(std::move(reason)) {}
  git::PushReply push(const git::RefUpdate&, const std::vector<git::PackObject>&,
                      unsigned) override {
    ++pushes;
    return {false, reason_};
  }
  int pushes = 0;

 private:
  std::string reason_;
};

}  // namespace

TEST_CASE("a branch in the way of another is named before anything is sent") {
  const By by = GENERATE(By::programs, By::direct);
  const auto [there, wanted] =
      GENERATE(std::pair("images", "images/busybox/1"), std::pair("images/busybox/1", "images"),
               std::pair("images/busybox", "images/busybox/1"));
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  commit_by_hand(scratch / "r", there);
  base::Log log(-1);
  const auto remote = opened_by(by, scratch / "r", log);
  git::Snapshot snapshot = image("one");
  auto request = request_for(wanted);
  bool sent = false;
  request.before_push = [&] { sent = true; };
  const std::string message = message_of([&] { git::publish(*remote, snapshot, request, log); });
  CHECK(contains(message, std::string("where there is branch ") + there));
  CHECK(contains(message, "source.git.branch"));
  CHECK_FALSE(sent);
  CHECK(git_in(scratch / "r", "for-each-ref | wc -l") == "1");
}

TEST_CASE("branches whose names begin alike are not in each other's way") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  commit_by_hand(scratch / "r", "images/busybox");
  commit_by_hand(scratch / "r", "images2");
  CHECK_FALSE(publish(scratch / "r", by, "one", "images/busybox-1").unchanged);
  CHECK_FALSE(publish(scratch / "r", by, "one", "images/busy").unchanged);
  CHECK_FALSE(publish(scratch / "r", by, "one", "images20/a").unchanged);
}

TEST_CASE("a lock that no further attempt can take is not tried again") {
  const std::string reason = GENERATE(
      "cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'",
      "cannot lock ref 'refs/heads/main': Unable to create 'main.lock': Permission denied",
      "unable to migrate objects to permanent storage; the server said: No space left on device");
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  git::Snapshot snapshot = image("one");
  Refusing remote(opened_by(By::programs, scratch / "r", log), reason);
  CHECK(contains(message_of([&] { git::publish(remote, snapshot, request_for("main"), log); }),
                 reason));
  CHECK(remote.pushes == 1);
}

TEST_CASE("a limit that JGit enforces is told with the key that keeps to it") {
  const auto [reason, key] =
      GENERATE(std::pair("error Pack exceeds the limit of 100,000 bytes, rejecting the pack",
                         "set source.git.max_push_size"),
               std::pair("error Object too large (300,000 bytes), rejecting the pack. Max object "
                         "size limit is 100,000 bytes.",
                         "source.git.lfs"));
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  git::Snapshot snapshot = image("one");
  Refusing remote(opened_by(By::programs, scratch / "r", log), reason);
  const auto publish = [&] { git::publish(remote, snapshot, request_for("main"), log); };
  CHECK(contains(message_of(publish), key));
}
