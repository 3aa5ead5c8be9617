#include "git/support/passing_remote.hpp"
#include "git/support/publication.hpp"
#include "http/client.hpp"

namespace {

/// Breaks those pushes off, counted from 1, of which `cuts` says so: before anything arrives, or
/// behind it.
class Cut : public PassingRemote {
 public:
  Cut(const std::filesystem::path& repository, std::function<bool(int)> cuts_, base::Log& log)
      : PassingRemote(opened_by(By::programs, repository, log)), cuts(std::move(cuts_)) {}

  git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                      unsigned threads) override {
    if (!cuts(++pushes)) return PassingRemote::push(update, objects, threads);
    if (arrives) PassingRemote::push(update, objects, threads);
    throw http::TransportError(http::TransportError::Cause::cut, "the connection broke off");
  }

  std::function<bool(int)> cuts;
  bool arrives = false;
  int pushes = 0;
};

/// One that goes in parts.
git::PublishResult publish_in_parts(git::Remote& remote, base::Log& log) {
  git::PublishRequest request = request_for("main");
  request.max_push_size = 8000;
  git::Snapshot snapshot = image("one", 200);
  return git::publish(remote, snapshot, request, log);
}

void check_parts_are_gone(const std::filesystem::path& repository) {
  CHECK(git_in(repository, "for-each-ref '--format=%(refname)'") == "refs/heads/main");
  CHECK(git_in(repository, "rev-list --count main") == "1");
  git_in(repository, "fsck --strict");
}

}  // namespace

TEST_CASE("a connection that is cut once does not fail the push") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Cut remote(
      scratch / "r", [](int push) { return push == 1; }, log);
  remote.arrives = GENERATE(false, true);
  git::Snapshot snapshot = image("one");
  check_repository(scratch / "r", git::publish(remote, snapshot, request_for("main"), log), "one");
  CHECK(git_in(scratch / "r", "rev-list --count main") == "1");
  CHECK(remote.pushes == (remote.arrives ? 1 : 2));
}

TEST_CASE("a connection that is cut each time fails the push soon") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Cut remote(
      scratch / "r", [](int /*push*/) { return true; }, log);
  git::Snapshot snapshot = image("one");
  REQUIRE_THROWS_AS(git::publish(remote, snapshot, request_for("main"), log), base::Error);
  CHECK(remote.pushes == 2);
}

TEST_CASE("a cut does not end the search for a place that the server takes parts in") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  add_hook(scratch / "r", "update", "case $1 in refs/heads/*) ;; *) exit 1 ;; esac\n");
  base::Log log(-1);
  Cut remote(
      scratch / "r", [](int push) { return push == 1; }, log);
  publish_in_parts(remote, log);
  check_parts_are_gone(scratch / "r");
}

TEST_CASE("of a push in parts each may be cut once, as what was sent is there") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Cut remote(
      scratch / "r", [](int push) { return push == 3 || push == 5 || push == 8; }, log);
  remote.arrives = GENERATE(false, true);
  publish_in_parts(remote, log);
  CHECK(remote.pushes > 8);
  check_parts_are_gone(scratch / "r");
}
