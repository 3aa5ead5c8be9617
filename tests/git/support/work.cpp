#include "git/support/work.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include "support/catch.hpp"

Work::Work() {
  shell("git init -q -b main '" + path().string() + "'");
  git("config user.name t");
  git("config user.email t@t");
  git("config uploadpack.allowFilter true");
}

git::Oid Work::id(const std::string& revision) const {
  return *git::Oid::parse(git("rev-parse " + revision));
}

git::Oid Work::commit(const std::string& text) const {
  write("file", text);
  git("add -A");
  git("commit -qm '" + text.substr(0, 20) + "'");
  return id("HEAD");
}

void Work::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path() / name).parent_path());
  std::ofstream(path() / name, std::ios::binary) << text;
}

void check_fetched(const CollectingSink& sink, const Work& work, const git::Oid& commit) {
  CHECK(sink.commits.contains(commit));
  std::set<std::string> found;
  for (const auto& [id, content] : sink.trees) found.insert(id.hex());
  for (const auto& [id, content] : sink.blobs) found.insert(id.hex());
  std::istringstream listed(work.git("ls-tree -r -t --format='%(objectname)' " + commit.hex()));
  for (std::string id; listed >> id;) REQUIRE(found.contains(id));
  CHECK(found.contains(work.git("rev-parse " + commit.hex() + "^{tree}")));
}
