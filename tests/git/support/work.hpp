#pragma once
#include <filesystem>
#include <string>

#include "git/object.hpp"
#include "git/support/collecting_sink.hpp"
#include "git/support/git_program.hpp"
#include "support/scratch_dir.hpp"

inline constexpr const char* main_ref = "refs/heads/main";

/// A repository with a work tree, whose branch is main.
class Work {
 public:
  Work();
  std::filesystem::path path() const { return scratch_ / "w"; }
  std::string git(const std::string& arguments) const { return git_in(path(), arguments); }
  git::Oid id(const std::string& revision) const;
  git::Oid commit(const std::string& text) const;
  void write(const std::string& name, const std::string& text) const;

 private:
  ScratchDir scratch_;
};

/// That `sink` got `commit` and all that is in it.
void check_fetched(const CollectingSink& sink, const Work& work, const git::Oid& commit);
