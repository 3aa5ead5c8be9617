#include "base/error.hpp"
#include "git/pkt_line.hpp"
#include "git/smart_remote.hpp"
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

/// A server without branches that says the same about every push.
class Reporting : public git::Transport {
 public:
  Reporting(std::string capabilities, std::string report)
      : capabilities_(std::move(capabilities)), report_(std::move(report)) {}
  std::unique_ptr<base::ByteSource> advertise(git::Service, git::Protocol) override {
    const std::string line = git::Oid{}.hex() + " capabilities^{}" + '\0' + capabilities_;
    return std::make_unique<base::MemorySource>(git::pkt_line(line) + std::string(git::flush_pkt));
  }
  std::unique_ptr<base::ByteSource> request(git::Service, git::Protocol,
                                            const git::MakeBody& body) override {
    base::drain(*body());
    return std::make_unique<base::MemorySource>(report_);
  }
  bool stateless() const override { return true; }
  std::string finish(git::Service) override { return ""; }
  void abandon(git::Service) override {}

 private:
  std::string capabilities_;
  std::string report_;
};

const std::string taken = git::pkt_line("unpack ok\n") + git::pkt_line("ok refs/heads/main\n");
const std::string flush(git::flush_pkt);

std::string band(char number, const std::string& bytes) {
  return git::pkt_line(number + bytes);
}

git::PushReply push_to(const std::string& capabilities, const std::string& report) {
  base::Log log(-1);
  git::SmartRemote remote(std::make_unique<Reporting>(capabilities, report), "the server", log);
  remote.find_for_pushing("refs/heads/main");
  const git::PackObject blob{git::empty_blob(), git::ObjectType::blob, 0, "", nullptr, nullptr};
  return remote.push({"refs/heads/main", std::nullopt, blob.id}, {blob}, 1);
}

/// The report comes plainly, or in two pieces behind other words of a server with a side band.
git::PushReply push_and_hear(const std::string& report, bool has_band) {
  if (!has_band) return push_to("report-status", report);
  const size_t middle = report.size() / 2;
  return push_to("report-status side-band-64k", band(2, "counting\n") +
                                                    band(1, report.substr(0, middle)) +
                                                    band(1, report.substr(middle)) + flush);
}

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
  request.before_push = [&] {
    sent = true;
    return git::LeftAlone::yes;
  };
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

TEST_CASE("a push that was too slow for a server is told how to go in parts") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  git::Snapshot snapshot = image("one");
  Refusing remote(opened_by(By::programs, scratch / "r", log), "HTTP 408");
  const auto publish = [&] { git::publish(remote, snapshot, request_for("main"), log); };
  CHECK(contains(message_of(publish), "set source.git.max_push_size"));
}

TEST_CASE("a limit that a server enforces is told with the key that keeps to it") {
  const auto [reason, key] =
      GENERATE(std::pair("error Pack exceeds the limit of 100,000 bytes, rejecting the pack",
                         "set source.git.max_push_size"),
               std::pair("error TF402462: This push was rejected because its size is greater than "
                         "the 5120 MB limit for pushes in this repository.",
                         "set source.git.max_push_size"),
               std::pair("error Object too large (300,000 bytes), rejecting the pack. Max object "
                         "size limit is 100,000 bytes.",
                         "source.git.lfs"),
               std::pair("pre-receive hook declined; the server said: error: File a is 185.09 MB; "
                         "this exceeds GitHub Enterprise's file size limit of 100.00 MB",
                         "source.git.lfs"),
               std::pair("pre-receive hook declined; the server said: GitLab: You are attempting "
                         "to check in one or more blobs which exceed the 100MiB limit",
                         "source.git.lfs"),
               std::pair("the server could not unpack it: error The blob object 1 was rejected: "
                         "VS403658: The object is 107374182 bytes, which is greater than the "
                         "104857600 byte limit for objects in this repository.",
                         "source.git.lfs"));
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  git::Snapshot snapshot = image("one");
  Refusing remote(opened_by(By::programs, scratch / "r", log), reason);
  const auto publish = [&] { git::publish(remote, snapshot, request_for("main"), log); };
  CHECK(contains(message_of(publish), key));
}

TEST_CASE("a push counts as done when the server says so of its branch, and not before") {
  const bool has_band = GENERATE(false, true);
  const git::PushReply reply = push_and_hear(taken + flush, has_band);
  CHECK(reply.accepted);
  CHECK(reply.reason.empty());
  for (const std::string line : {"", "0018ok refs/heads/main2\n", "0016ok refs/heads/mai\n",
                                 "001bng refs/heads/main2 no\n"}) {
    const std::string report = git::pkt_line("unpack ok\n") + line + flush;
    CHECK(contains(message_of([&] { push_and_hear(report, has_band); }),
                   "ended without saying whether it took the push"));
  }
}

TEST_CASE("a refusal is told in the words of the server") {
  const bool has_band = GENERATE(false, true);
  const git::PushReply declined = push_and_hear(
      git::pkt_line("unpack ok\n") + git::pkt_line("ng refs/heads/main declined\n") + flush,
      has_band);
  CHECK_FALSE(declined.accepted);
  CHECK(declined.reason == (has_band ? "declined; the server said: counting" : "declined"));
  // Whatever a confused server says of the branch then.
  const git::PushReply broken = push_and_hear(
      git::pkt_line("unpack disk full\n") + git::pkt_line("ok refs/heads/main\n") + flush,
      has_band);
  CHECK_FALSE(broken.accepted);
  CHECK(broken.reason.starts_with("the server could not unpack it: disk full"));
}

TEST_CASE("a connection that ends behind the report does not undo the push") {
  CHECK(push_to("report-status", taken + "00").accepted);
  CHECK(push_to("report-status side-band-64k", band(1, taken + flush) + "00").accepted);
  CHECK(push_to("report-status side-band-64k", band(1, taken) + band(3, "hook died")).accepted);
  CHECK(contains(message_of([] { push_to("report-status", taken.substr(0, 20)); }),
                 "ended without saying whether it took the push"));
}
