#include "git/direct_repository.hpp"

#include <sys/resource.h>

#include <fstream>

#include "base/error.hpp"
#include "git/support/collecting_sink.hpp"
#include "git/support/git_program.hpp"
#include "git/support/opened_by.hpp"
#include "git/support/pack_builder.hpp"
#include "git/support/publication.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

namespace {

/// Lets the process have no more than `most` files open, for as long as this lives.
class FewOpenFiles {
 public:
  explicit FewOpenFiles(rlim_t most) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit few = {most, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  ~FewOpenFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewOpenFiles(const FewOpenFiles&) = delete;
  FewOpenFiles& operator=(const FewOpenFiles&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a repository in which nobody has packed hundreds of pushes is read without git") {
  constexpr int pushes = 150;
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  base::Log log(-1);
  for (int files = 1; files <= pushes; ++files) {
    git::Snapshot snapshot = image("same", files);
    const auto remote = opened_by(By::direct, scratch / "r", log);
    git::publish(*remote, snapshot, request_for("main"), log);
  }
  const git::Oid tip = *git::Oid::parse(git_in(scratch / "r", "rev-parse main"));
  const FewOpenFiles few(100);
  const auto remote = opened_by(By::direct, scratch / "r", log);
  CollectingSink sink;
  remote->fetch_commit(tip, "refs/heads/main", sink);
  CHECK(sink.blobs.size() == pushes + 1);
}

TEST_CASE("trees in trees without an end do not end the program") {
  constexpr int depth = 100'000;
  PackBuilder pack;
  base::Hasher hasher(base::HashAlgorithm::sha1);
  std::string tree = git::encode_tree({{git::mode_file, "f", git::empty_blob()}});
  pack.add(git::ObjectType::blob, "");
  for (int i = 0; i < depth; ++i) {
    pack.add(git::ObjectType::tree, tree);
    const git::Oid id = git::object_id(hasher, git::ObjectType::tree, tree);
    tree = git::encode_tree({{git::mode_directory, "a", id}});
  }
  pack.add(git::ObjectType::tree, tree);
  const std::string commit =
      git::encode_commit({git::object_id(hasher, git::ObjectType::tree, tree),
                          std::nullopt,
                          {"a", "a@a"},
                          {"a", "a@a"},
                          1,
                          "deep"});
  pack.add(git::ObjectType::commit, commit);
  const ScratchDir scratch;
  make_bare_repository(scratch / "r");
  std::ofstream(scratch / "deep", std::ios::binary) << pack.pack();
  git_in(scratch / "r", "index-pack --stdin < '" + (scratch / "deep").string() + "'");
  const git::Oid tip = git::object_id(hasher, git::ObjectType::commit, commit);
  base::Log log(-1);
  const auto remote = opened_by(By::direct, scratch / "r", log);
  const git::Known known =
      remote->find_known(tip, []() -> const git::Snapshot& { throw base::Error("not asked for"); });
  CHECK(known.ids.size() == depth + 2);
}

TEST_CASE("a version in a repository whose history was cut is followed without git, too") {
  const ScratchDir scratch;
  const std::string full = (scratch / "full").string();
  shell("git init -q -b main '" + full + "'");
  const auto commit = [&](const std::string& text) {
    git_in(full, "-c user.name=t -c user.email=t@t commit -q --allow-empty -m " + text);
    return *git::Oid::parse(git_in(full, "rev-parse HEAD"));
  };
  const git::Oid one = commit("one");
  const git::Oid two = commit("two");
  const git::Oid three = commit("three");
  shell("git clone -q --bare --depth 2 'file://" + full + "' '" + (scratch / "r").string() + "'");
  base::Log log(-1);
  const auto remote = opened_by(By::direct, scratch / "r", log);
  using Ids = std::vector<git::Oid>;
  CHECK(remote->find_history("refs/heads/main", two) == Ids{two, three});
  CHECK(remote->find_history("refs/heads/main", one) == Ids{three});
}
