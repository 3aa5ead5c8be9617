#include "git/upload_refs.hpp"

#include <set>

#include "git/support/publication.hpp"
#include "support/captured_log.hpp"
#include "support/message_of.hpp"

TEST_CASE("what killed puts left over is deleted, what may be in use is not") {
  const By by = GENERATE(By::programs, By::direct);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const std::string commit = commit_by_hand(scratch / "r", "other");
  const std::string below = "refs/rootfs-git-resource/upload-";
  const std::string branch = "refs/heads/rootfs-git-resource-upload-";
  // The put is made at 20231114T221320Z.
  const std::set<std::string> stale = {below + "20231113T221319Z-a", branch + "20221231T235959Z-b"};
  const std::set<std::string> kept = {below + "20231113T221320Z-c", branch + "20240101T000000Z-d",
                                      below + "other", below + "20231113", "refs/heads/upload"};
  for (const auto* refs : {&stale, &kept}) {
    for (const std::string& ref : *refs) git_in(scratch / "r", "update-ref " + ref + " " + commit);
  }
  publish(scratch / "r", by, "one");
  const std::string left = git_in(scratch / "r", "for-each-ref '--format=%(refname)'") + "\n";
  for (const std::string& ref : kept) CHECK(contains(left, ref + "\n"));
  for (const std::string& ref : stale) CHECK_FALSE(contains(left, ref + "\n"));
}

TEST_CASE("left-overs that may not be deleted do not fail a put") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const auto first = publish(scratch / "r", By::programs, "one");
  git_in(scratch / "r",
         "update-ref refs/rootfs-git-resource/upload-20000101T000000Z-a " + first.commit.hex());
  add_hook(scratch / "r", "update", "echo never >&2; exit 1\n");
  CapturedLog captured;
  const auto remote = opened_by(By::programs, scratch / "r", captured);
  git::Snapshot snapshot = image("one");
  const auto again = git::publish(*remote, snapshot, request_for("main"), captured);
  CHECK(again.unchanged);
  CHECK(contains(captured.text(), "20000101T000000Z-a, left over from a put that was killed: "));
}
