#include "resource/step_login.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace resource {

using base::JsonView;

namespace {

/// Which keys say one thing together: one of them in a step replaces all of the source's.
const std::vector<std::vector<std::string_view>>& groups() {
  static const std::vector<std::vector<std::string_view>> groups = {
      {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"},
      {"aws_role_arn", "aws_role_arns"},
      {"aws_account_id", "aws_ecr_registry_id"}};
  return groups;
}

}  // namespace

const std::vector<std::string_view>& step_login_keys() {
  static const std::vector<std::string_view> keys = {"username",
                                                     "password",
                                                     "aws_access_key_id",
                                                     "aws_secret_access_key",
                                                     "aws_session_token",
                                                     "aws_region",
                                                     "aws_role_arn",
                                                     "aws_role_arns",
                                                     "aws_account_id",
                                                     "aws_ecr_registry_id",
                                                     "git"};
  return keys;
}

void apply_step_login(base::JsonDocument& document, const JsonView& source,
                      const JsonView& params) {
  const JsonView login = params.at("git");
  const JsonView git = source.at_ignoring_case("git");
  const std::vector<std::string_view> git_keys = {"username", "password", "private_key",
                                                  "private_key_passphrase"};
  login.allow_only(git_keys);
  if (!login.members().empty()) {
    if (git.is_null())
      throw base::Error("params.git is a login at a git server: source has no git");
    document.overlay(git, login, git_keys);
  }
  std::vector<std::string_view> registry_keys = step_login_keys();
  std::erase(registry_keys, "git");
  const bool has_registry = !source.at_ignoring_case("repository").is_null();
  for (const std::string_view key : registry_keys) {
    if (has_registry || params.at(key).is_null()) continue;
    throw base::Error(base::cat("params.", key,
                                " is a login for a registry: source has no repository",
                                "; a login at the git server belongs into params.git"));
  }
  for (const auto& group : groups()) {
    const bool is_replaced = std::any_of(group.begin(), group.end(),
                                         [&](auto key) { return !params.at(key).is_blank(); });
    for (const std::string_view key : group) {
      if (is_replaced) document.erase(source, key);
    }
  }
  document.overlay(source, params, registry_keys);
}

}  // namespace resource
