#include "resource/foreign_keys.hpp"

#include <span>

#include "base/error.hpp"
#include "base/text.hpp"

namespace resource {
namespace {

using base::JsonView;

struct Foreign {
  std::string_view key;
  std::string_view advice;
};

constexpr std::string_view one_login =
    "leave it out: username and password are for the registry of source.repository";
constexpr std::string_view no_tags =
    "leave it out: put pushes no tags to a registry, it publishes to source.git.branch";
constexpr std::string_view no_build =
    "put builds nothing: build in a task, such as oci-build-task, and name its output in "
    "params.image";
constexpr std::string_view of_git = "leave it out: it means something to the git type only";
constexpr std::string_view of_git_put = "leave it out: put adds to the newest commit by itself";
constexpr std::string_view no_app =
    "make a token of the app in a task, and write username: x-access-token and the token as "
    "password";

constexpr Foreign source_keys[] = {
    {"insecure_registries", "write insecure: true"},
    {"client_certs", "write client_cert and client_key, each the PEM text itself"},
    {"email", "leave it out: registries do not ask for it"},
    {"digest", "leave it out: version, beside source or in a get step, pins an image"},
    {"aws_default_region", "write aws_region"},
    {"additional_private_registries", one_login},
    {"login", one_login},
    {"max_concurrent_downloads", "leave it out: three layers are fetched at the same time"},
    {"max_concurrent_uploads", "leave it out: nothing is pushed to a registry"},
    {"server_args", "leave it out: there is no Docker daemon"},
};

constexpr Foreign git_keys[] = {
    {"github_app_id", no_app},
    {"github_app_installation_id", no_app},
    {"github_app_private_key", no_app},
    {"push_options", "write it in the params of the put step"},
    {"git_config", of_git},
    {"paths", of_git},
    {"ignore_paths", of_git},
    {"sparse_paths", of_git},
    {"disable_ci_skip", of_git},
    {"tag_filter", of_git},
    {"tag_regex", of_git},
    {"tag_behaviour", of_git},
    {"fetch_tags", of_git},
    {"version_depth", of_git},
    {"search_remote_refs", of_git},
    {"commit_filter", of_git},
    {"commit_verification_keys", of_git},
    {"commit_verification_key_ids", of_git},
    {"gpg_keyserver", of_git},
    {"git_crypt_key", of_git},
    {"forward_agent", of_git},
    {"submodule_credentials", of_git},
    {"depth", of_git},
};

constexpr Foreign get_keys[] = {
    {"save", "write format: oci, which leaves image.tar"},
    {"rootfs", "leave it out for the directory rootfs/, or write format: rootfs-tar"},
    {"depth", of_git},
    {"submodules", of_git},
    {"submodule_recursive", of_git},
    {"submodule_remote", of_git},
    {"disable_git_lfs", of_git},
    {"clean_tags", of_git},
    {"fetch_tags", of_git},
    {"short_ref_format", of_git},
    {"timestamp_format", of_git},
    {"describe_ref_options", of_git},
    {"all_branches", of_git},
    {"fetch", of_git},
};

constexpr Foreign put_keys[] = {
    {"version", no_tags},
    {"bump_aliases", no_tags},
    {"additional_tags", no_tags},
    {"tag", no_tags},
    {"tag_file", no_tags},
    {"tag_prefix", no_tags},
    {"tag_as_latest", no_tags},
    {"build", no_build},
    {"dockerfile", no_build},
    {"build_args", no_build},
    {"build_args_file", no_build},
    {"labels", no_build},
    {"labels_file", no_build},
    {"target_name", no_build},
    {"cache", no_build},
    {"cache_from", no_build},
    {"cache_tag", no_build},
    {"load_base", no_build},
    {"load_bases", no_build},
    {"load", "name the get step in params.image"},
    {"load_file", "name the file in params.image"},
    {"load_repository", "leave it out: the archive knows its name"},
    {"load_tag", "leave it out: source.tag chooses among several images"},
    {"import_file", "a file system alone is no image; name an image in params.image"},
    {"pull_repository", "write it as source.repository, and no params.image"},
    {"pull_tag", "write it as source.tag, and no params.image"},
    {"repository", "name the get step or output in params.image"},
    {"rebase", of_git_put},
    {"merge", of_git_put},
    {"force", of_git_put},
    {"returning", of_git_put},
    {"rebase_strategy", of_git_put},
    {"rebase_strategy_option", of_git_put},
    {"branch", "write it as source.git.branch"},
    {"only_tag", of_git},
    {"annotate", of_git},
    {"notes", of_git},
    {"refs_prefix", of_git},
};

void refuse(const JsonView& view, std::span<const Foreign> table) {
  for (const auto& [key, member] : view.members()) {
    for (const Foreign& foreign : table) {
      if (!base::equal_ignoring_case(key, foreign.key)) continue;
      throw base::Error(base::cat(member.path(), " is not known; ", foreign.advice));
    }
  }
}

}  // namespace

void refuse_foreign_source(const JsonView& source) {
  refuse(source, source_keys);
}

void refuse_foreign_git(const JsonView& git) {
  refuse(git, git_keys);
}

void refuse_foreign_get(const JsonView& params) {
  refuse(params, get_keys);
}

void refuse_foreign_put(const JsonView& params) {
  refuse(params, put_keys);
}

}  // namespace resource
