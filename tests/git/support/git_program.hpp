#pragma once
#include <filesystem>
#include <string>

/// What a shell command prints; the test fails when its exit status is not 0.
std::string shell(const std::string& command);

/// "git -C directory arguments".
std::string git_in(const std::filesystem::path& directory, const std::string& arguments);

/// A new bare repository that checks every object it receives.
void make_bare_repository(const std::filesystem::path& path, const std::string& options = "");

/// Lets the repository run `script`, in sh, as its hook `name`.
void add_hook(const std::filesystem::path& repository, const std::string& name,
              const std::string& script);
