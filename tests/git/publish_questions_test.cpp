#include "base/error.hpp"
#include "git/local_transport.hpp"
#include "git/smart_remote.hpp"
#include "git/support/passing_remote.hpp"
#include "git/support/publication.hpp"
#include "support/captured_log.hpp"
#include "support/noise.hpp"

namespace {

using Path = std::filesystem::path;

/// Does something before each question to upload-pack, and counts pushes.
class Asked : public git::Transport {
 public:
  using Before = std::function<void(const std::string& question)>;
  /// `before` gets "" when the service is opened.
  Asked(const Path& repository, int& pushes, Before before)
      : inner_(git::open_local_transport(repository.string())),
        pushes_(pushes),
        before_(std::move(before)) {}

  std::unique_ptr<base::ByteSource> advertise(git::Service service,
                                              git::Protocol protocol) override {
    if (service == git::Service::upload_pack) before_("");
    return inner_->advertise(service, protocol);
  }
  std::unique_ptr<base::ByteSource> request(git::Service service, git::Protocol protocol,
                                            const git::MakeBody& body) override {
    if (service == git::Service::receive_pack) {
      ++pushes_;
    } else {
      before_(base::read_all(*body(), 1 << 20, "question"));
    }
    return inner_->request(service, protocol, body);
  }
  bool stateless() const override { return false; }
  std::string finish(git::Service service) override { return inner_->finish(service); }
  void abandon(git::Service service) override { inner_->abandon(service); }

 private:
  std::unique_ptr<git::Transport> inner_;
  int& pushes_;
  Before before_;
};

struct Outcome {
  git::PublishResult result;
  int pushes = 0;
  std::string log;
};

/// Publishes to main what add_image() makes of `changing`.
Outcome publish_asked(const Path& repository, const std::string& changing, Asked::Before before) {
  Outcome outcome;
  CapturedLog log;
  git::SmartRemote remote(std::make_unique<Asked>(repository, outcome.pushes, std::move(before)),
                          "name", log);
  git::Snapshot snapshot = image(changing);
  outcome.result = git::publish(remote, snapshot, request_for("main"), log);
  outcome.log = log.text();
  return outcome;
}

}  // namespace

TEST_CASE("a question that fails once makes no needless commit") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "config uploadpack.allowFilter true");
  const auto first = publish(scratch / "r", By::programs, "one");
  const bool when_opened = GENERATE(true, false);
  bool failed = false;
  const auto fail_once = [&](const std::string& question) {
    if (question.empty() == when_opened && !std::exchange(failed, true)) {
      throw base::Error("HTTP 503");
    }
  };
  SECTION("of an unchanged image") {
    const auto second = publish_asked(scratch / "r", "one", fail_once);
    CHECK(second.result.unchanged);
    CHECK(second.result.commit == first.commit);
    CHECK(second.pushes == 0);
  }
  SECTION("and sends what is new only") {
    CHECK(publish_asked(scratch / "r", "two", fail_once).result.objects == 5);
  }
  CHECK(failed);
}

TEST_CASE("a server that cannot say what it has gets everything, but nothing for nothing") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  git_in(scratch / "r", "config uploadpack.allowFilter true");
  publish(scratch / "r", By::programs, "one");
  const auto fail = [](const std::string& question) {
    if (question.find("blob:none") != std::string::npos) throw base::Error("took too long");
  };
  const auto same = publish_asked(scratch / "r", "one", fail);
  CHECK(same.result.unchanged);
  CHECK(same.log.empty());
  const auto other = publish_asked(scratch / "r", "two", fail);
  CHECK(other.result.objects > 20);
  CHECK(other.log.find("took too long") != std::string::npos);
  CHECK(git_in(scratch / "r", "rev-list --count main") == "2");
}

TEST_CASE("a branch that moves before the questions costs no push that is refused") {
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  commit_by_hand(scratch / "r", "main");
  std::string winner;
  const auto outcome = publish_asked(scratch / "r", "one", [&](const std::string& question) {
    if (!question.empty() || !winner.empty()) return;
    git_in(scratch / "r", "update-ref -d refs/heads/main");
    winner = publish(scratch / "r", By::programs, "other").commit.hex();
  });
  CHECK(git_in(scratch / "r", "rev-parse main~1") == winner);
  CHECK(outcome.pushes == 1);
  CHECK(outcome.log.find("moved meanwhile") != std::string::npos);
}

TEST_CASE("a connection that idled while large files were sent is not used for the push") {
  class Fresh : public PassingRemote {
   public:
    Fresh(std::unique_ptr<git::Remote> inner, bool& idled)
        : PassingRemote(std::move(inner)), idled_(idled) {}
    std::optional<git::Oid> find_for_pushing(const std::string& ref) override {
      idled_ = false;
      return PassingRemote::find_for_pushing(ref);
    }
    git::PushReply push(const git::RefUpdate& update, const std::vector<git::PackObject>& objects,
                        unsigned threads) override {
      ++pushes;
      if (idled_) throw base::Error("the server has closed the connection");
      return PassingRemote::push(update, objects, threads);
    }
    int pushes = 0;

   private:
    bool& idled_;
  };
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  bool idled = false;
  Fresh remote(opened_by(By::programs, scratch / "r", log), idled);
  git::Snapshot snapshot = image("one");
  auto request = request_for("main");
  SECTION("and nobody else was there") {
    request.before_push = [&] {
      idled = true;
      return git::LeftAlone::yes;
    };
    check_repository(scratch / "r", git::publish(remote, snapshot, request, log), "one");
  }
  SECTION("nor is a push made in vain when somebody else was faster meanwhile") {
    std::string winner;
    request.before_push = [&] {
      winner = commit_by_hand(scratch / "r", "main");
      return git::LeftAlone::yes;
    };
    check_repository(scratch / "r", git::publish(remote, snapshot, request, log), "one");
    CHECK(git_in(scratch / "r", "rev-parse main~1") == winner);
  }
  CHECK(remote.pushes == 1);
}

TEST_CASE("a push before which there was nothing to do asks where the branch is only once") {
  class Counting : public PassingRemote {
   public:
    using PassingRemote::PassingRemote;
    std::optional<git::Oid> find_for_pushing(const std::string& ref) override {
      ++questions;
      return PassingRemote::find_for_pushing(ref);
    }
    int questions = 0;
  };
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  Counting remote(opened_by(By::programs, scratch / "r", log));
  git::Snapshot snapshot = image("one");
  auto request = request_for("main");
  request.before_push = [] { return git::LeftAlone::no; };
  check_repository(scratch / "r", git::publish(remote, snapshot, request, log), "one");
  CHECK(remote.questions == 1);
}

TEST_CASE("the log says that it is the server which takes its time with a large push") {
  const std::string waits = "sent all, 20 MB; waiting for the server";
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  CapturedLog log;
  const auto remote = opened_by(By::programs, scratch / "r", log);
  ListedEntries entries({file("large", noise(20'000'000, 256))});
  git::Snapshot large;
  large.add_image(entries, "rootfs");
  git::publish(*remote, large, request_for("large"), log);
  const size_t at = log.text().find(waits);
  CHECK(at != std::string::npos);
  git::Snapshot small = image("one");
  git::publish(*remote, small, request_for("small"), log);
  CHECK(log.text().find(waits, at + 1) == std::string::npos);
}
