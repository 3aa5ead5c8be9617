#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "git/publish.hpp"
#include "git/support/entries.hpp"
#include "git/support/git_program.hpp"
#include "git/support/opened_by.hpp"
#include "support/catch.hpp"
#include "support/scratch_dir.hpp"

inline git::PublishRequest request_for(const std::string& branch) {
  git::PublishRequest request;
  request.branch = branch;
  request.author = request.committer = {"Test", "test@localhost"};
  request.time = 1700000000;
  request.message = "Publish\n";
  request.pause = [](int) {};
  return request;
}

inline void add_image(git::Snapshot& snapshot, const std::string& changing, int files = 20) {
  std::vector<base::Entry> entries = {directory("etc"), directory("usr"), file("etc/v", changing)};
  for (int i = 0; i < files; ++i) {
    entries.push_back(file("usr/f" + std::to_string(i), "content " + std::to_string(i)));
  }
  ListedEntries source(std::move(entries));
  snapshot.add_image(source, "rootfs");
}

inline git::Snapshot image(const std::string& changing, int files = 20) {
  git::Snapshot snapshot;
  add_image(snapshot, changing, files);
  return snapshot;
}

inline git::PublishResult publish(const std::filesystem::path& repository, By by,
                                  const std::string& changing, const std::string& branch = "main") {
  base::Log log(-1);
  const auto remote = opened_by(by, repository, log);
  git::Snapshot snapshot = image(changing);
  return git::publish(*remote, snapshot, request_for(branch), log);
}

inline void check_repository(const std::filesystem::path& repository,
                             const git::PublishResult& result, const std::string& changing) {
  git_in(repository, "fsck --strict");
  CHECK(git_in(repository, "rev-parse main") == result.commit.hex());
  CHECK(git_in(repository, "show main:rootfs/etc/v") == changing);
  CHECK(git_in(repository, "ls-tree -r --name-only main | wc -l") == "21");
}

/// Commits by hand to `branch` of a bare repository.
inline std::string commit_by_hand(const std::filesystem::path& repository,
                                  const std::string& branch) {
  const std::string tree = git_in(repository, "mktree < /dev/null");
  const std::string commit =
      git_in(repository, "-c user.name=h -c user.email=h@h commit-tree -m hand " + tree);
  git_in(repository, "update-ref refs/heads/" + branch + " " + commit);
  return commit;
}
