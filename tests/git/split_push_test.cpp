#include "git/split_push.hpp"

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include "git/publish.hpp"
#include "git/push_parts.hpp"
#include "git/support/entries.hpp"
#include "git/support/git_program.hpp"
#include "git/support/opened_by.hpp"
#include "git/support/passing_remote.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

using Path = std::filesystem::path;

constexpr uint64_t limit = 60'000;

/// 40 files of 5 kB that do not compress, one of 70 kB, and a directory that stands in two places.
git::Snapshot image() {
  std::minstd_rand numbers(1);
  const auto noise = [&](size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(numbers() >> 8U & 0xFFU);
    return bytes;
  };
  std::vector<base::Entry> entries = {directory("a"), directory("a/same"), directory("b"),
                                      directory("b/deep"), directory("b/deep/same")};
  const std::string same = noise(5000);
  entries.push_back(file("a/same/f", same));
  entries.push_back(file("b/deep/same/f", same));
  for (int i = 0; i < 40; ++i) entries.push_back(file("a/f" + std::to_string(i), noise(5000)));
  entries.push_back(file("b/large", noise(70'000)));
  ListedEntries source(std::move(entries));
  git::Snapshot snapshot;
  snapshot.add_image(source, "rootfs");
  return snapshot;
}

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
  git::PublishRequest request;
  request.branch = "main";
  request.author = request.committer = {"Test", "test@localhost"};
  request.time = 1700000000;
  request.message = "Publish\n";
  request.pause = [](int) {};
  request.max_push_size = max_push_size;
  git::Snapshot snapshot = image();
  return git::publish(remote, snapshot, request, log);
}

std::string branches(const Path& repository) {
  return git_in(repository, "for-each-ref '--format=%(refname)'");
}

}  // namespace

TEST_CASE("a part is never larger than the limit and no tree comes before what it names") {
  git::Snapshot snapshot = image();
  snapshot.hash();
  const auto objects = snapshot.objects_outside({});
  const auto parts = git::split_objects(objects, limit);
  CHECK(parts.size() > 4);
  std::set<git::Oid> all;
  for (const auto& object : objects) all.insert(object.id);
  std::set<git::Oid> seen;
  for (const auto& part : parts) {
    uint64_t size = 0;
    for (const auto& object : part) {
      size += git::size_in_part(object);
      CHECK(seen.insert(object.id).second);
      if (object.type != git::ObjectType::tree) continue;
      for (const auto& entry : git::parse_tree(object.bytes)) CHECK(seen.contains(entry.id));
    }
    CHECK((size <= limit || part.size() == 1));
  }
  CHECK(seen == all);
}

TEST_CASE("an object that cannot be made smaller does not stop the others from being split") {
  git::Snapshot snapshot = image();
  snapshot.hash();
  const auto objects = snapshot.objects_outside({});
  CHECK(git::split_objects(objects, 1).size() == objects.size());
  CHECK(git::split_objects(objects, UINT64_MAX).size() == 1);
  CHECK(git::split_objects({}, limit).empty());
}

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
        git::Snapshot snapshot = image();
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
  remote.action = [&] {
    const std::string tree = git_in(scratch / "r", "mktree < /dev/null");
    winner = git_in(scratch / "r", "-c user.name=h -c user.email=h@h commit-tree -m hand " + tree);
    git_in(scratch / "r", "update-ref refs/heads/main " + winner);
  };
  publish(remote, limit, log);
  CHECK(git_in(scratch / "r", "rev-parse main~1") == winner);
  // What went with the branch goes with it again: less than one part.
  CHECK(remote.repeated < 15);
  CHECK(branches(scratch / "r") == "refs/heads/main");
  git_in(scratch / "r", "fsck --strict");
}

TEST_CASE("what killed puts left over is deleted, what may be in use is not") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const std::string commit = git_in(scratch / "r",
                                    "-c user.name=h -c user.email=h@h commit-tree -m x "
                                    "$(git -C '" +
                                        (scratch / "r").string() + "' mktree </dev/null)");
  const std::string below = "refs/rootfs-git-resource/upload-";
  const std::string branch = "refs/heads/rootfs-git-resource-upload-";
  // The put is made at 20231114T221320Z.
  const std::set<std::string> stale = {below + "20231113T221319Z-a", branch + "20221231T235959Z-b"};
  const std::set<std::string> kept = {below + "20231113T221320Z-c", branch + "20240101T000000Z-d",
                                      below + "other", below + "20231113", "refs/heads/upload"};
  for (const auto* refs : {&stale, &kept}) {
    for (const std::string& ref : *refs) git_in(scratch / "r", "update-ref " + ref + " " + commit);
  }
  base::Log log(-1);
  publish(*opened_by(by, scratch / "r", log), UINT64_MAX, log);
  const std::string left = branches(scratch / "r") + "\n";
  for (const std::string& ref : kept) CHECK(contains(left, ref + "\n"));
  for (const std::string& ref : stale) CHECK_FALSE(contains(left, ref + "\n"));
}

TEST_CASE("left-overs that may not be deleted do not fail a put") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  const auto first = publish(*opened_by(By::programs, scratch / "r", log), UINT64_MAX, log);
  git_in(scratch / "r",
         "update-ref refs/rootfs-git-resource/upload-20000101T000000Z-a " + first.commit.hex());
  add_hook(scratch / "r", "update", "echo never >&2; exit 1\n");
  CapturedLog captured;
  const auto again =
      publish(*opened_by(By::programs, scratch / "r", captured), UINT64_MAX, captured);
  CHECK(again.unchanged);
  CHECK(contains(captured.text(), "20000101T000000Z-a, left over from a put that was killed: "));
}
