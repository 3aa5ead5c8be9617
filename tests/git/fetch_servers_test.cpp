#include "base/text.hpp"
#include "git/pkt_line.hpp"
#include "git/support/collecting_sink.hpp"
#include "git/support/ways.hpp"
#include "git/support/work.hpp"
#include "http/client.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

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
    Dying(const Work& work, std::string words, Counts& counts)
        : CountingTransport(work.path(), git::Protocol::v2, counts), words_(std::move(words)) {}
    std::unique_ptr<base::ByteSource> request(git::Service, git::Protocol,
                                              const git::MakeBody&) override {
      return std::make_unique<base::MemorySource>(git::pkt_line("packfile\n") +
                                                  git::pkt_line("\1PACK"));
    }
    std::string finish(git::Service) override { return words_; }

   private:
    std::string words_;
  };
  const Work work;
  const git::Oid tip = work.commit("one");
  base::Log log(-1);
  CountingTransport::Counts counts;
  CollectingSink sink;
  const auto fetch_from_one_that_says = [&](const std::string& words) {
    git::SmartRemote remote(std::make_unique<Dying>(work, words, counts), "repository", log);
    remote.fetch_commit(tip, main_ref, sink);
  };
  CHECK(message_of([&] { fetch_from_one_that_says("fatal: out of memory\n"); }) ==
        "repository: the server closed the connection early; it said: fatal: out of memory");
  // Where nothing is said it may have been the line.
  CHECK_THROWS_AS(fetch_from_one_that_says(""), git::FetchBroken);
}

TEST_CASE("no commit is passed over where a server that is ready does not repeat what it has") {
  /// Leaves out what it need not say (gitprotocol-v2, acknowledgments section).
  class Terse : public CountingTransport {
   public:
    using CountingTransport::CountingTransport;
    std::unique_ptr<base::ByteSource> request(git::Service service, git::Protocol protocol,
                                              const git::MakeBody& body) override {
      auto reply = CountingTransport::request(service, protocol, body);
      git::PktReader packets(*reply);
      packets.next();
      if (packets.line() != "acknowledgments") {
        return std::make_unique<base::PrefixedSource>(git::pkt_line(packets.line() + "\n"),
                                                      std::move(reply));
      }
      do packets.next();
      while (packets.line().starts_with("ACK "));
      CHECK(packets.line() == "ready");
      return std::make_unique<base::PrefixedSource>(
          git::pkt_line("acknowledgments\n") + git::pkt_line("ready\n"), std::move(reply));
    }
  };
  const Work work;
  const git::Oid one = work.commit("one");
  const git::Oid two = work.commit("two");
  const git::Oid three = work.commit("three");
  base::Log log(-1);
  CountingTransport::Counts counts;
  git::SmartRemote remote(std::make_unique<Terse>(work.path(), git::Protocol::v2, counts),
                          "repository", log);
  CHECK(remote.find_history(main_ref, one) == std::vector{one, two, three});
}

TEST_CASE("a server that cannot cut a history is not asked to") {
  /// Offers as much under another name.
  class Whole : public CountingTransport {
   public:
    using CountingTransport::CountingTransport;
    std::unique_ptr<base::ByteSource> advertise(git::Service service,
                                                git::Protocol protocol) override {
      auto refs = CountingTransport::advertise(service, protocol);
      std::string text;
      git::PktReader packets(*refs);
      while (packets.next_raw() == git::PktReader::Kind::data) {
        std::string line = packets.line();
        base::replace_all(line, "shallow", "another");
        text += git::pkt_line(line);
      }
      return std::make_unique<base::MemorySource>(text + std::string(git::flush_pkt));
    }
    std::unique_ptr<base::ByteSource> request(git::Service service, git::Protocol protocol,
                                              const git::MakeBody& body) override {
      const std::string text = base::read_all(*body(), 64 * 1024, "the question");
      if (contains(text, "deepen")) throw base::Error("unknown word");
      return CountingTransport::request(service, protocol, body);
    }
  };
  const Work work;
  work.commit("one");
  const git::Oid tip = work.commit("two");
  base::Log log(-1);
  CountingTransport::Counts counts;
  git::SmartRemote remote(
      std::make_unique<Whole>(work.path(), GENERATE(git::Protocol::v2, git::Protocol::v0), counts),
      "repository", log);
  CollectingSink sink;
  remote.fetch_commit(tip, main_ref, sink);
  check_fetched(sink, work, tip);
}

TEST_CASE("a connection that is cut before a server answers may be made again") {
  class Cut : public CountingTransport {
   public:
    using CountingTransport::CountingTransport;
    std::unique_ptr<base::ByteSource> request(git::Service, git::Protocol,
                                              const git::MakeBody&) override {
      throw http::TransportError(http::TransportError::Cause::cut, "the connection broke off");
    }
  };
  const Work work;
  const git::Oid tip = work.commit("one");
  base::Log log(-1);
  CountingTransport::Counts counts;
  CollectingSink sink;
  git::SmartRemote remote(std::make_unique<Cut>(work.path(), git::Protocol::v2, counts),
                          "repository", log);
  CHECK_THROWS_AS(remote.fetch_commit(tip, main_ref, sink), git::FetchBroken);
}
