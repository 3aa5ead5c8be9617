#pragma once
#include <filesystem>
#include <memory>

#include "git/direct_repository.hpp"
#include "git/remote.hpp"

/// What reads and writes a repository on this machine: git's programs, or libgit2.
enum class By { programs, direct };

inline std::unique_ptr<git::Remote> opened_by(By by, const std::filesystem::path& repository,
                                              base::Log& log) {
  if (by == By::direct) return git::open_direct_repository(repository.string(), log);
  git::RemoteOptions options;
  options.uri = repository.string();
  return git::open_remote(options, log);
}
