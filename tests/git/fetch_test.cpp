#include <fstream>
#include <set>
#include <sstream>

#include "git/pkt_line.hpp"
#include "git/support/collecting_sink.hpp"
#include "git/support/git_program.hpp"
#include "git/support/ways.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

using Path = std::filesystem::path;

std::string lines(int count, const std::string& last) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  return text + last;
}

/// A repository with a work tree, whose branch is main.
class Work {
 public:
  Work() {
    shell("git init -q -b main '" + path().string() + "'");
    git("config user.name t");
    git("config user.email t@t");
    git("config uploadpack.allowFilter true");
  }
  Path path() const { return scratch_ / "w"; }
  std::string git(const std::string& arguments) const { return git_in(path(), arguments); }
  git::Oid id(const std::string& revision) const {
    return *git::Oid::parse(git("rev-parse " + revision));
  }
  git::Oid commit(const std::string& text) const {
    write("file", text);
    git("add -A");
    git("commit -qm '" + text.substr(0, 20) + "'");
    return id("HEAD");
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path() / name).parent_path());
    std::ofstream(path() / name, std::ios::binary) << text;
  }

 private:
  ScratchDir scratch_;
};

/// Three commits with directories, an executable, a link, and large and small files that change
/// little, so that git makes deltas of all of them.
void fill(const Work& work) {
  const std::string large = lines(600'000, "");
  for (int version = 0; version < 3; ++version) {
    const std::string tail = "version " + std::to_string(version);
    for (int i = 0; i < 40; ++i) {
      work.write("dir/sub" + std::to_string(i % 4) + "/f" + std::to_string(i),
                 lines(200 + i, i < 5 ? tail : "same"));
    }
    work.write("large", large + tail);
    work.write("similar", large + tail + " elsewhere");
    work.write("empty", "");
    std::filesystem::remove(work.path() / "link");
    std::filesystem::create_symlink("dir", work.path() / "link");
    work.commit(tail);
  }
}

std::set<std::string> listed(const Work& work, const std::string& revision) {
  std::istringstream text(work.git("ls-tree -r -t --format='%(objectname)' " + revision));
  std::set<std::string> ids;
  for (std::string id; text >> id;) ids.insert(id);
  return ids;
}

void check_fetched(const CollectingSink& sink, const Work& work, const git::Oid& commit) {
  CHECK(sink.commits.contains(commit));
  std::set<std::string> found;
  for (const auto& [id, content] : sink.trees) found.insert(id.hex());
  for (const auto& [id, content] : sink.blobs) found.insert(id.hex());
  for (const std::string& id : listed(work, commit.hex())) REQUIRE(found.contains(id));
  CHECK(found.contains(work.git("rev-parse " + commit.hex() + "^{tree}")));
}

const std::string main_ref = "refs/heads/main";

}  // namespace

TEST_CASE("a commit is fetched with everything in it, from loose objects and from deltas") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const bool packed = GENERATE(false, true);
  const Work work;
  fill(work);
  if (packed) work.git("gc -q --aggressive --prune=now");
  OpenRepository repository(work.path(), way);
  const std::string revision = GENERATE("main", "main~2");
  CollectingSink sink;
  repository->fetch_commit(work.id(revision), main_ref, sink);
  check_fetched(sink, work, work.id(revision));
  CHECK(sink.large >= 2);
  if (way != Way::version_0) CHECK(sink.commits.size() == 1);
  if (packed && way != Way::direct) CHECK(sink.read_backs > 0);
}

TEST_CASE("a commit that is gone, or on no branch, is an error that says so") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const Work work;
  work.commit("one");
  OpenRepository repository(work.path(), way);
  CollectingSink sink;
  const auto gone = *git::Oid::parse(std::string(40, '7'));
  const std::string said = message_of([&] { repository->fetch_commit(gone, main_ref, sink); });
  CHECK(contains(said, "is not (any more) on branch main"));
  CHECK(contains(said, gone.hex()));
}

TEST_CASE(
    "a server that fails over a commit it lacks does not hide that the branch was rewritten") {
  /// As JGit and go-git do when they are asked for a depth.
  class Failing : public CountingTransport {
   public:
    using CountingTransport::CountingTransport;
    std::unique_ptr<base::ByteSource> request(git::Service service, git::Protocol protocol,
                                              const git::MakeBody& body) override {
      std::string text(64 * 1024, '\0');
      text.resize(base::read_full(*body(), text));
      if (contains(text, "deepen 1")) throw base::Error("HTTP 500");
      return CountingTransport::request(service, protocol, body);
    }
  };
  const Work work;
  const git::Oid tip = work.commit("one");
  base::Log log(-1);
  CountingTransport::Counts counts;
  git::SmartRemote remote(std::make_unique<Failing>(
                              work.path(), GENERATE(git::Protocol::v2, git::Protocol::v0), counts),
                          "repository", log);
  CollectingSink sink;
  const auto fetch = [&](const git::Oid& id) {
    return message_of([&] { remote.fetch_commit(id, main_ref, sink); });
  };
  const std::string said = fetch(*git::Oid::parse(std::string(40, '7')));
  CHECK(contains(said, "is not (any more) on branch main"));
  CHECK(fetch(tip) == "repository: HTTP 500");
}

TEST_CASE(
    "a version that a merge left beside the branch is had from a server that gives tips only") {
  const Work work;
  work.git("config uploadpack.allowFilter " + std::string(GENERATE("true", "false")));
  work.commit("root");
  work.git("checkout -qb theirs");
  const git::Oid version = work.commit("once the tip");
  for (const char* text : {"b", "c", "d"}) work.commit(text);
  work.git("checkout -q main");
  work.write("mine", "x");
  work.git("add -A");
  work.git("commit -qm mine");
  work.git("merge -q --no-ff -m pull theirs");
  OpenRepository repository(work.path(), Way::version_0);
  REQUIRE(repository->find_history(main_ref, version).front() == version);
  CollectingSink sink;
  repository->fetch_commit(version, main_ref, sink);
  check_fetched(sink, work, version);
}

TEST_CASE("a version below the tip is had from a server that gives tips only in version 2, too") {
  /// As JGit does over SSH.
  class TipsOnly : public CountingTransport {
   public:
    TipsOnly(const Work& work, git::Oid refused, Counts& counts)
        : CountingTransport(work.path(), git::Protocol::v2, counts), refused_(refused.hex()) {}
    std::unique_ptr<base::ByteSource> request(git::Service service, git::Protocol protocol,
                                              const git::MakeBody& body) override {
      std::string text(64 * 1024, '\0');
      text.resize(base::read_full(*body(), text));
      if (contains(text, "want " + refused_)) {
        return std::make_unique<base::MemorySource>(
            git::pkt_line("ERR want " + refused_ + " not valid"));
      }
      return CountingTransport::request(service, protocol, body);
    }

   private:
    std::string refused_;
  };
  const Work work;
  const git::Oid version = work.commit("one");
  work.commit("two");
  const git::Oid tip = work.commit("three");
  base::Log log(-1);
  CountingTransport::Counts counts;
  CollectingSink sink;
  SECTION("and one that is on the branch no longer is told from it") {
    const auto gone = *git::Oid::parse(std::string(40, '7'));
    git::SmartRemote remote(std::make_unique<TipsOnly>(work, gone, counts), "repository", log);
    CHECK(contains(message_of([&] { remote.fetch_commit(gone, main_ref, sink); }),
                   "is not (any more) on branch main"));
  }
  SECTION("for it is fetched from the tip") {
    git::SmartRemote remote(std::make_unique<TipsOnly>(work, version, counts), "repository", log);
    remote.fetch_commit(version, main_ref, sink);
    check_fetched(sink, work, version);
    CHECK(sink.commits.contains(tip));
  }
  SECTION("though not for ever, if it refuses the tip as well") {
    git::SmartRemote remote(std::make_unique<TipsOnly>(work, tip, counts), "repository", log);
    CHECK(contains(message_of([&] { remote.fetch_commit(tip, main_ref, sink); }), "repository: "));
    CHECK(counts.advertisements < 20);
  }
}

TEST_CASE("a push between two connections of a get is not taken for a rewritten branch") {
  /// Moves the branch before some of the connections.
  class Moving : public CountingTransport {
   public:
    Moving(const Work& work, int last, Counts& counts)
        : CountingTransport(work.path(), git::Protocol::v0, counts),
          work_(work),
          last_(last),
          counts_(counts) {}
    std::unique_ptr<base::ByteSource> advertise(git::Service service,
                                                git::Protocol protocol) override {
      if (counts_.advertisements > 1 && counts_.advertisements <= last_) {
        work_.commit(std::to_string(counts_.advertisements));
      }
      return CountingTransport::advertise(service, protocol);
    }

   private:
    const Work& work_;
    int last_;
    Counts& counts_;
  };
  const Work work;
  const git::Oid version = work.commit("one");
  work.commit("two");
  base::Log log(-1);
  CountingTransport::Counts counts;
  CollectingSink sink;
  SECTION("once") {
    git::SmartRemote remote(std::make_unique<Moving>(work, 2, counts), "repository", log);
    remote.fetch_commit(version, main_ref, sink);
    check_fetched(sink, work, version);
  }
  SECTION("for ever") {
    git::SmartRemote remote(std::make_unique<Moving>(work, 1000, counts), "repository", log);
    const std::string said = message_of([&] { remote.fetch_commit(version, main_ref, sink); });
    CHECK(contains(said, "moves"));
    CHECK_FALSE(contains(said, "rewritten"));
    CHECK(counts.advertisements < 20);
  }
}

TEST_CASE(
    "what a server prints when it dies over a pack is told, with the name of the repository") {
  class Dying : public CountingTransport {
   public:
    using CountingTransport::CountingTransport;
    std::unique_ptr<base::ByteSource> request(git::Service, git::Protocol,
                                              const git::MakeBody&) override {
      return std::make_unique<base::MemorySource>(git::pkt_line("packfile\n") +
                                                  git::pkt_line("\1PACK"));
    }
    std::string finish(git::Service) override { return "fatal: out of memory\n"; }
  };
  const Work work;
  const git::Oid tip = work.commit("one");
  base::Log log(-1);
  CountingTransport::Counts counts;
  git::SmartRemote remote(std::make_unique<Dying>(work.path(), git::Protocol::v2, counts),
                          "repository", log);
  CollectingSink sink;
  CHECK(message_of([&] { remote.fetch_commit(tip, main_ref, sink); }) ==
        "repository: the server closed the connection early; it said: fatal: out of memory");
}

TEST_CASE("what the sink throws ends the fetch and comes out of it") {
  class Full : public CollectingSink {
    void blob(const git::Oid& /*id*/, std::string /*content*/) override {
      throw base::Error("disk full");
    }
  };
  const Work work;
  fill(work);
  OpenRepository repository(work.path(), GENERATE(Way::version_2, Way::direct));
  Full sink;
  CHECK(message_of([&] { repository->fetch_commit(work.id("main"), main_ref, sink); }) ==
        "disk full");
}

TEST_CASE("an unchanged branch costs one exchange") {
  const Work work;
  const git::Oid tip = work.commit("one");
  OpenRepository repository(work.path(), Way::version_2);
  CHECK(repository->find_history(main_ref, tip) == std::vector<git::Oid>{tip});
  CHECK(repository.counts.advertisements == 1);
  CHECK(repository.counts.requests == 1);
  CHECK(repository->find_history("refs/heads/mai", std::nullopt).empty());
}

TEST_CASE("the commits after the given one come oldest first, by first parents") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const std::string filters = GENERATE(std::string("uploadpack.allowFilter true"),
                                       std::string("uploadpack.allowFilter false"),
                                       std::string("uploadpackfilter.tree.allow false"));
  const Work work;
  work.git("config " + filters);
  const git::Oid one = work.commit("one");
  const git::Oid two = work.commit("two");
  work.git("checkout -qb side");
  work.write("beside", "x");
  work.git("add -A");
  work.git("commit -qm side");
  const git::Oid side = work.id("HEAD");
  work.git("checkout -q main");
  const git::Oid three = work.commit("three");
  work.git("merge -q --no-ff -m merge side");
  const git::Oid merge = work.id("HEAD");
  work.git("gc -q");
  OpenRepository repository(work.path(), way);
  using Ids = std::vector<git::Oid>;
  CHECK(repository->find_history(main_ref, std::nullopt) == Ids{merge});
  CHECK(repository->find_history(main_ref, merge) == Ids{merge});
  CHECK(repository->find_history(main_ref, three) == Ids{three, merge});
  CHECK(repository->find_history(main_ref, one) == Ids{one, two, three, merge});
  CHECK(repository->find_history(main_ref, side) == Ids{side, three, merge});
  CHECK(repository->find_history("refs/heads/none", one).empty());
}

TEST_CASE("after a rewrite the new tip alone is reported") {
  const Way way = GENERATE(Way::version_2, Way::version_0, Way::direct);
  const Work work;
  work.commit("root");
  const git::Oid old = work.commit("old");
  work.git("checkout -q --orphan new");
  const git::Oid tip = work.commit("new");
  work.git("branch -M new main");
  OpenRepository repository(work.path(), way);
  using Ids = std::vector<git::Oid>;
  SECTION("the old commit is there, but on no branch") {
    CHECK(repository->find_history(main_ref, old) == Ids{tip});
  }
  SECTION("the old commit is there, on another branch") {
    work.git("branch kept " + old.hex());
    CHECK(repository->find_history(main_ref, old) == Ids{tip});
  }
  SECTION("the old commit has vanished") {
    work.git("reflog expire --expire=now --all");
    work.git("gc -q --prune=now");
    CHECK(repository->find_history(main_ref, old) == Ids{tip});
  }
  SECTION("what was given is no commit") {
    CHECK(repository->find_history(main_ref, work.id("main^{tree}")) == Ids{tip});
  }
  SECTION("the branch went back to an older commit") {
    work.git("update-ref " + main_ref + " " + old.hex() + "~1");
    CHECK(repository->find_history(main_ref, old) == Ids{work.id("main")});
  }
}
