#include "git/have_oracle.hpp"

#include "git/fetch.hpp"
#include "git/pkt_line.hpp"
#include "git/support/entries.hpp"
#include "git/support/pack_builder.hpp"
#include "git/upload_pack.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

/// A server that gives the same answer to every question.
class Answering : public git::Transport {
 public:
  explicit Answering(std::string answer) : answer_(std::move(answer)) {}
  std::unique_ptr<base::ByteSource> advertise(git::Service, git::Protocol) override {
    return nullptr;
  }
  std::unique_ptr<base::ByteSource> request(git::Service, git::Protocol,
                                            const git::MakeBody& body) override {
    asked += base::read_all(*body(), 10'000, "a question");
    return std::make_unique<base::MemorySource>(answer_);
  }
  bool stateless() const override { return true; }
  std::string finish(git::Service) override { return ""; }
  void abandon(git::Service) override {}

  std::string asked;

 private:
  std::string answer_;
};

git::Snapshot one_file() {
  git::Snapshot snapshot;
  snapshot.add_file("file", "content");
  snapshot.hash();
  return snapshot;
}

git::Advertisement offering(const std::vector<std::string>& capabilities) {
  git::Advertisement upload;
  for (const std::string& name : capabilities) upload.capabilities.emplace(name, "");
  return upload;
}

std::string acknowledgement(const git::Oid& id, const std::string& word) {
  return git::pkt_line("ACK " + id.hex() + " " + word + "\n");
}

}  // namespace

TEST_CASE("what a server was not asked about is not taken for known") {
  const git::Snapshot snapshot = one_file();
  Answering server(acknowledgement(snapshot.tree(), "common") +
                   acknowledgement(git::empty_blob(), "common") +
                   acknowledgement(snapshot.tree(), "ready") + git::pkt_line("NAK\n"));
  const git::Known known =
      git::ask_what_exists(server, offering({"multi_ack_detailed"}), git::Oid{}, snapshot);
  CHECK(known.ids.size() == 1);
  CHECK(known.ids.contains(snapshot.tree()));
}

TEST_CASE("a server is not asked for what it does not offer, which it may refuse") {
  const git::Snapshot snapshot = one_file();
  Answering server(git::pkt_line("NAK\n"));
  const git::Advertisement upload = offering({"multi_ack_detailed", "shallow", "side-band-64k"});
  git::ask_what_exists(server, upload, git::Oid{}, snapshot);
  CHECK(server.asked.starts_with(
      git::pkt_line("want " + git::Oid{}.hex() + " multi_ack_detailed side-band-64k\n")));
}

TEST_CASE("a server that acknowledges without an end is not listened to without an end") {
  const git::Snapshot snapshot = one_file();
  const bool empty = GENERATE(true, false);
  const std::string line =
      empty ? std::string(git::flush_pkt) : acknowledgement(snapshot.tree(), "common");
  std::string answer;
  for (int i = 0; i < 100; ++i) answer += line;
  Answering server(answer + git::pkt_line("NAK\n"));
  CHECK(contains(message_of([&] {
                   git::ask_what_exists(server, offering({"multi_ack_detailed"}), git::Oid{},
                                        snapshot);
                 }),
                 "more objects than it was asked for"));
}

TEST_CASE("a server that never comes to the pack is not listened to without an end") {
  const git::Protocol protocol = GENERATE(git::Protocol::v0, git::Protocol::v2);
  git::Advertisement upload = offering({"side-band-64k"});
  upload.protocol = protocol;
  std::string answer;
  for (int i = 0; i < 110'000; ++i) answer += acknowledgement(git::empty_blob(), "common");
  Answering server(answer);
  CHECK(contains(message_of([&] { git::request_pack(server, upload, {git::empty_blob()}); }),
                 "no end"));
}

TEST_CASE("a commit is seen behind its tree, so that the same image is not published again") {
  const git::Snapshot snapshot = one_file();
  const std::string tree = "100644 file" + std::string(1, '\0') + std::string(git::Oid{}.raw());
  const std::string commit = git::encode_commit(
      {snapshot.tree(), std::nullopt, {"A", "a@example.com"}, {"A", "a@example.com"}, 0, "text"});
  base::Hasher hasher(base::HashAlgorithm::sha1);
  PackBuilder pack;
  pack.add(git::ObjectType::tree, tree);
  pack.add(git::ObjectType::commit, commit);
  Answering server(git::pkt_line("NAK\n") + git::pkt_line("\1" + pack.pack()) +
                   std::string(git::flush_pkt));
  git::Advertisement upload;
  upload.capabilities = {{"side-band-64k", ""}};
  base::Log log(-1);
  const git::Oid id = git::object_id(hasher, git::ObjectType::commit, commit);
  CHECK(git::fetch_tree_of(server, upload, {id, snapshot.tree(), 1}, log) == snapshot.tree());
}
