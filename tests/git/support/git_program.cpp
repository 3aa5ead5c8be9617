#include "git/support/git_program.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

std::string shell(const std::string& command) {
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer{};
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + output);
  return output;
}

std::string git_in(const std::filesystem::path& directory, const std::string& arguments) {
  std::string output = shell("git -C '" + directory.string() + "' " + arguments);
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

void make_bare_repository(const std::filesystem::path& path, const std::string& options) {
  shell("git init -q --bare " + options + " '" + path.string() + "'");
  git_in(path, "config receive.fsckObjects true");
}

void add_hook(const std::filesystem::path& repository, const std::string& name,
              const std::string& script) {
  const std::filesystem::path hook = repository / "hooks" / name;
  std::ofstream(hook) << "#!/bin/sh\n" << script;
  std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
}
