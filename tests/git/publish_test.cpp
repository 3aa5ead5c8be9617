#include <thread>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "git/support/passing_remote.hpp"
#include "git/support/publication.hpp"
#include "support/captured_log.hpp"
#include "support/message_of.hpp"

TEST_CASE("an image reaches an empty repository and every object is sound") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const auto result = publish(scratch / "r", by, "one");
  CHECK_FALSE(result.unchanged);
  check_repository(scratch / "r", result, "one");
}

TEST_CASE("publishing the same image again makes no commit and sends nothing") {
  const By by = GENERATE(By::programs, By::direct);
  const bool filter = GENERATE(true, false);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r",
         std::string("config uploadpack.allowFilter ") + (filter ? "true" : "false"));
  const auto first = publish(scratch / "r", by, "one");
  const auto second = publish(scratch / "r", by, "one");
  CHECK(second.unchanged);
  CHECK(second.commit == first.commit);
  CHECK(git_in(scratch / "r", "rev-list --count main") == "1");
}

TEST_CASE("a change sends the change only, whether the server filters or not") {
  const By by = GENERATE(By::programs, By::direct);
  const bool filter = GENERATE(true, false);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r",
         std::string("config uploadpack.allowFilter ") + (filter ? "true" : "false"));
  publish(scratch / "r", by, "one");
  const auto result = publish(scratch / "r", by, "two");
  // The commit, three trees (root, rootfs, etc) and one file.
  CHECK(result.objects == 5);
  check_repository(scratch / "r", result, "two");
  CHECK(git_in(scratch / "r", "rev-list --count main") == "2");
}

TEST_CASE("an image that is read for long is not read in silence") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  CapturedLog log;
  git::Snapshot snapshot;
  git::PublishRequest request = request_for("main");
  bool told = false;
  request.fill = [&] {
    const auto tells = [&] { return contains(log.text(), "reading the image, "); };
    for (int i = 0; i < 3000 && !(told = tells()); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    add_image(snapshot, "slow");
  };
  const auto remote = opened_by(By::programs, scratch / "r", log);
  check_repository(scratch / "r", git::publish(*remote, snapshot, request, log), "slow");
  CHECK(told);
}

TEST_CASE("going back to an earlier image makes a new commit, not an unchanged one") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  publish(scratch / "r", By::programs, "one");
  publish(scratch / "r", By::programs, "two");
  const auto result = publish(scratch / "r", By::programs, "one");
  CHECK_FALSE(result.unchanged);
  check_repository(scratch / "r", result, "one");
  CHECK(git_in(scratch / "r", "rev-list --count main") == "3");
}

TEST_CASE("a branch made by hand is built upon, not rewritten") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const std::string by_hand = commit_by_hand(scratch / "r", "main");
  const auto result = publish(scratch / "r", by, "one");
  CHECK(git_in(scratch / "r", "rev-parse main~1") == by_hand);
  check_repository(scratch / "r", result, "one");
}

TEST_CASE("a new branch beside others reuses what they hold") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  publish(scratch / "r", By::programs, "one", "first");
  const auto result = publish(scratch / "r", By::programs, "two", "main");
  CHECK(result.objects == 5);
  check_repository(scratch / "r", result, "two");
  CHECK(git_in(scratch / "r", "rev-list --count main") == "1");
}

TEST_CASE("a hook that declines ends the push with the hook's words") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  add_hook(scratch / "r", "pre-receive", "echo 'images are frozen until Monday' >&2\nexit 1\n");
  const std::string message = message_of([&] { publish(scratch / "r", By::programs, "one"); });
  CHECK(contains(message, "images are frozen until Monday"));
  CHECK(contains(message, "hook declined"));
  CHECK(git_in(scratch / "r", "for-each-ref").empty());
}

TEST_CASE("a repository in another object format is refused before anything is sent") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r", "--object-format=sha256");
  REQUIRE_THROWS_AS(publish(scratch / "r", by, "one"), base::Error);
  CHECK(git_in(scratch / "r", "for-each-ref").empty());
}

TEST_CASE("who keeps branches in a reftable is told how to get on without a server") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "config core.repositoryformatversion 1");
  git_in(scratch / "r", "config extensions.refstorage reftable");
  const std::string message = message_of([&] { publish(scratch / "r", By::direct, "one"); });
  CHECK(contains(message, "git refs migrate --ref-format=files"));
}

TEST_CASE("a wrong path is an error that names it") {
  const ScratchDir scratch;
  CHECK(
      contains(message_of([&] { publish(scratch / "missing", By::programs, "one"); }), "missing"));
  REQUIRE_THROWS_AS(publish(scratch.path(), By::programs, "one"), base::Error);
}

TEST_CASE("a huge tree is asked about in batches without blocking") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  const auto push_many = [&](const std::string& changing) {
    git::Snapshot snapshot = image(changing, 9000);
    const auto remote = opened_by(By::programs, scratch / "r", log);
    return git::publish(*remote, snapshot, request_for("main"), log);
  };
  push_many("one");
  // Touches the directory of all files, so that each of them is asked about.
  git::Snapshot snapshot = image("one", 9001);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  CHECK(git::publish(*remote, snapshot, request_for("main"), log).objects == 5);
}

TEST_CASE("a tree left over from a deleted branch without its files is not built upon") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const std::string by_hand = commit_by_hand(scratch / "r", "main");
  publish(scratch / "r", By::programs, "one");
  const std::string file = git_in(scratch / "r", "rev-parse main:rootfs/etc/v");
  git_in(scratch / "r", "update-ref refs/heads/main " + by_hand);
  REQUIRE(std::filesystem::remove(scratch / "r" / "objects" / file.substr(0, 2) / file.substr(2)));
  check_repository(scratch / "r", publish(scratch / "r", by, "one"), "one");
}

TEST_CASE("a file that cannot be read is named instead of sending trees that were never hashed") {
  const bool filter = GENERATE(true, false);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r",
         std::string("config uploadpack.allowFilter ") + (filter ? "true" : "false"));
  const std::string by_hand = commit_by_hand(scratch / "r", "main");
  base::Entry shrunk = file("shrunk", "one");
  shrunk.size += 1;
  ListedEntries source({shrunk});
  git::Snapshot snapshot;
  snapshot.add_image(source, "rootfs");
  base::Log log(-1);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  CHECK(message_of([&] { git::publish(*remote, snapshot, request_for("main"), log); }) ==
        "read past the end");
  CHECK(git_in(scratch / "r", "rev-parse main") == by_hand);
}

TEST_CASE("an image that is still read while the repository is asked is published whole") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  const auto remote = opened_by(by, scratch / "r", log);
  git::Snapshot snapshot;
  auto request = request_for("main");
  request.fill = [&] { add_image(snapshot, "one"); };
  check_repository(scratch / "r", git::publish(*remote, snapshot, request, log), "one");
}

TEST_CASE("an image that cannot be read to its end is not published in part") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const std::string by_hand = commit_by_hand(scratch / "r", "main");
  base::Log log(-1);
  const auto remote = opened_by(By::programs, scratch / "r", log);
  git::Snapshot snapshot;
  auto request = request_for("main");
  request.fill = [&] {
    add_image(snapshot, "one");
    throw base::Error("the disk is broken");
  };
  REQUIRE_THROWS_AS(git::publish(*remote, snapshot, request, log), base::Error);
  CHECK(git_in(scratch / "r", "rev-parse main") == by_hand);
}

TEST_CASE("a repository that cannot be reached ends the reading of the image") {
  class Unreachable : public PassingRemote {
   public:
    using PassingRemote::PassingRemote;
    std::optional<git::Oid> find_for_pushing(const std::string& /*ref*/) override {
      throw base::Error("cannot connect");
    }
  };
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Unreachable remote(opened_by(By::programs, scratch / "r", log));
  git::Snapshot snapshot;
  auto request = request_for("main");
  request.fill = [] {
    for (;;) {
      base::throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  REQUIRE_THROWS_AS(git::publish(remote, snapshot, request, log), base::Error);
}
