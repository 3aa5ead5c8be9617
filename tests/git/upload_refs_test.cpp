#include "git/upload_refs.hpp"

#include <fstream>
#include <set>
#include <sstream>

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

TEST_CASE("left-overs that may not be deleted neither fail a put nor cost it one try each") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  const auto first = publish(scratch / "r", By::programs, "one");
  for (const std::string ref : {"refs/rootfs-git-resource/upload-20000101T000000Z-a",
                                "refs/rootfs-git-resource/upload-20000102T000000Z-b",
                                "refs/heads/rootfs-git-resource-upload-20000103T000000Z-c"}) {
    git_in(scratch / "r", "update-ref " + ref + " " + first.commit.hex());
  }
  const std::string tried = (scratch / "tried").string();
  add_hook(scratch / "r", "update", "echo \"$1\" >> " + tried + "; echo never >&2; exit 1\n");
  CapturedLog captured;
  const auto remote = opened_by(By::programs, scratch / "r", captured);
  git::Snapshot snapshot = image("one");
  const auto again = git::publish(*remote, snapshot, request_for("main"), captured);
  CHECK(again.unchanged);
  CHECK(contains(captured.text(), "20000101T000000Z-a, left over from a put that was killed: "));
  CHECK(contains(captured.text(), "never"));
  CHECK(contains(captured.text(), "by hand, as well as 2 more of its kind"));
  std::ostringstream refs;
  refs << std::ifstream(tried).rdbuf();
  CHECK(refs.str() == "refs/rootfs-git-resource/upload-20000101T000000Z-a\n");
}
