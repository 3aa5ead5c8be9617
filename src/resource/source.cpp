#include "resource/source.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "lfs/endpoint.hpp"
#include "resource/foreign_keys.hpp"
#include "resource/registry_source.hpp"
#include "resource/size_limits.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;
using base::JsonView;

constexpr const char* default_identity = "rootfs-git-resource";
constexpr const char* default_branch = "main";

const std::vector<std::string_view>& git_keys() {
  static const std::vector<std::string_view> keys = {"uri",
                                                     "branch",
                                                     "username",
                                                     "password",
                                                     "private_key",
                                                     "private_key_passphrase",
                                                     "private_key_user",
                                                     "known_hosts",
                                                     "skip_host_key_check",
                                                     "ca_certs",
                                                     "skip_ssl_verification",
                                                     "https_tunnel",
                                                     "author_name",
                                                     "author_email",
                                                     "committer_name",
                                                     "committer_email",
                                                     "commit_message_prefix",
                                                     "empty_dirs",
                                                     "tmpdir_env",
                                                     "max_file_size",
                                                     "max_push_size",
                                                     "lfs"};
  return keys;
}

bool contains(const std::vector<std::string_view>& keys, std::string_view key) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view known) { return base::equal_ignoring_case(known, key); });
}

/// A login or a certificate that stands one level too high would be missed where it is needed.
void refuse_misplaced(const JsonView& source, const std::vector<std::string_view>& known,
                      bool has_repository) {
  for (const auto& [key, view] : source.members()) {
    const std::string inside = cat("source.git.", base::to_lower(key));
    if (!contains(known, key) && contains(git_keys(), key)) {
      throw Error(cat(view.path(), " is not known; it is ", inside));
    }
    const bool is_of_registry = contains(registry_keys(), key) || contains(tag_rule_keys(), key) ||
                                contains({"tag", "label_regex", "annotation_regex"}, key);
    if (has_repository || view.is_empty() || !is_of_registry) continue;
    throw Error(cat(view.path(), " is about an image in a registry, and source has no repository",
                    contains(git_keys(), key) ? cat("; for the git server it is ", inside) : ""));
  }
}

/// The stock git type's shell takes every value without the line breaks at its end, which a block
/// of YAML or a file has.
std::string without_line_ends(std::string text) {
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

std::string read_line(const JsonView& view) {
  return without_line_ends(view.scalar_text());
}

/// For servers whose rules about messages look at the first line.
std::string read_message_prefix(const JsonView& view) {
  std::string text = read_line(view);
  if (base::printable(text) != text) {
    throw Error(cat(view.path(), ": expected one line, without control characters"));
  }
  return text;
}

base::Secret read_secret(const JsonView& view) {
  return base::Secret(read_line(view));
}

/// Also as text, as the stock git type takes it: `fly --var` makes text of everything.
bool read_flag(const JsonView& view) {
  if (!view.is_string()) return view.boolean_or(false);
  const std::string text = view.string();
  if (text != "true" && text != "false" && !text.empty()) view.refuse("true or false");
  return text == "true";
}

/// git-check-ref-format, as far as a branch can break a protocol line or a server's file system.
std::string checked_branch(const JsonView& view) {
  std::string branch = without_line_ends(view.string_or(default_branch));
  if (branch.empty()) branch = default_branch;
  if (branch.starts_with("refs/heads/")) branch.erase(0, 11);
  bool good = !branch.empty() && branch.size() < 200 && branch[0] != '-' && branch != "@" &&
              branch.find("..") == std::string::npos && branch.find("@{") == std::string::npos;
  for (const std::string_view part : base::split(branch, '/')) {
    good =
        good && !part.empty() && part[0] != '.' && !part.ends_with('.') && !part.ends_with(".lock");
  }
  for (const char c : branch) {
    good = good && static_cast<unsigned char>(c) > 0x20 && c != 0x7F &&
           std::string_view("~^:?*[\\").find(c) == std::string_view::npos;
  }
  if (!good) throw Error(cat(view.path(), ": ", base::printable(branch), " is not a branch name"));
  return branch;
}

git::Identity parse_identity(const JsonView& git, const std::string& who,
                             const git::Identity& fallback) {
  git::Identity identity{git.at(who + "_name").string_or(fallback.name),
                         git.at(who + "_email").string_or(fallback.email)};
  if (identity.name.empty()) identity.name = fallback.name;
  return identity;
}

git::EmptyDirectory parse_empty_directories(const JsonView& view) {
  const std::string word = view.string_or("keep");
  if (word == "keep") return git::EmptyDirectory::keep;
  if (word == "gitlink") return git::EmptyDirectory::gitlink;
  throw Error(cat(view.path(), ": ", base::printable(word), " is neither keep nor gitlink"));
}

/// Named and written as in the stock git type.
std::optional<http::TunnelProxy> parse_tunnel(const JsonView& tunnel) {
  if (says_nothing(tunnel)) return std::nullopt;
  http::TunnelProxy proxy;
  proxy.password = read_secret(tunnel.at("proxy_password"));
  tunnel.allow_only({"proxy_host", "proxy_port", "proxy_user", "proxy_password"});
  proxy.host = tunnel.at("proxy_host").string_or("");
  if (proxy.host.empty() || proxy.host.find_first_of("/@?#[]\\ ") != std::string::npos ||
      base::printable(proxy.host) != proxy.host) {
    throw Error(cat(tunnel.path(), ".proxy_host: expected the name or IP address of a host"));
  }
  const uint64_t port = base::parse_number(tunnel.at("proxy_port").scalar_text()).value_or(0);
  if (port == 0 || port > 65535) {
    throw Error(cat(tunnel.path(), ".proxy_port: expected a number from 1 to 65535"));
  }
  proxy.port = static_cast<unsigned>(port);
  proxy.username = read_line(tunnel.at("proxy_user"));
  return proxy;
}

GitSource parse_git(const JsonView& git) {
  GitSource source;
  git::RemoteOptions& remote = source.remote;
  remote.password = read_secret(git.at("password"));
  remote.private_key = base::Secret(git.at("private_key").scalar_text());
  remote.private_key_passphrase = read_secret(git.at("private_key_passphrase"));
  refuse_foreign_git(git);
  git.allow_only(git_keys());
  git.at("lfs").allow_only({"threshold", "url"});
  remote.uri = without_line_ends(git.at("uri").string_or(""));
  if (remote.uri.empty())
    throw Error(cat(git.path(), ".uri is missing: the address of the repository"));
  remote.username = read_line(git.at("username"));
  if (remote.username.empty() != remote.password.empty() && remote.private_key.empty()) {
    throw Error(
        cat("set both ", git.path(), ".username and ", git.path(), ".password, or neither"));
  }
  remote.private_key_user = read_line(git.at("private_key_user"));
  remote.known_hosts = git.at("known_hosts").string_or("");
  remote.check_host_key =
      read_flag(git.at("skip_host_key_check")) ? git::CheckHostKey::no : git::CheckHostKey::yes;
  remote.ca_certs = read_certificates(git.at("ca_certs"));
  remote.verify_tls =
      read_flag(git.at("skip_ssl_verification")) ? http::VerifyTls::no : http::VerifyTls::yes;
  remote.ssh_proxy = parse_tunnel(git.at("https_tunnel"));
  source.branch = checked_branch(git.at("branch"));
  source.empty_directories = parse_empty_directories(git.at("empty_dirs"));
  source.tmpdir_env = read_flag(git.at("tmpdir_env"));
  source.author =
      parse_identity(git, "author", {default_identity, cat(default_identity, "@localhost")});
  source.committer = parse_identity(git, "committer", source.author);
  source.message_prefix = read_message_prefix(git.at("commit_message_prefix"));
  source.limits = parse_size_limits(git, remote.uri);
  source.lfs_url = git.at("lfs").at("url").string_or("");
  if (!source.lfs_url.empty()) lfs::find_endpoint(remote.uri, source.lfs_url);
  return source;
}

ImageSource parse_image(const JsonView& source, base::Log& log) {
  ImageSource image;
  image.repository = source.at_ignoring_case("repository").string();
  image.reference = base::with_context("source.repository", [&] {
    oci::Reference reference = oci::Reference::parse(image.repository);
    if (reference.digest) throw Error("a digest has no place here; check finds it");
    if (!reference.tag.empty()) {
      throw Error(cat("the tag has a key of its own: repository: ",
                      image.repository.substr(0, image.repository.rfind(':')), ", tag: \"",
                      reference.tag, "\""));
    }
    return reference;
  });
  parse_registry_access(source, image, log);
  image.rules = parse_tag_rules(source);
  image.fields = parse_field_rules(source);
  image.tag = source.at_ignoring_case("tag").scalar_text();
  if (image.tag.empty()) image.tag = default_tag(image.rules);
  if (!oci::is_valid_tag(image.tag)) {
    throw Error(cat("source.tag: ", base::printable(image.tag),
                    " is not a tag (letters, digits, _ . -, at most 128)"));
  }
  return image;
}

}  // namespace

lfs::Options lfs_options(const GitSource& source) {
  return {source.remote, source.lfs_url, cat("refs/heads/", source.branch)};
}

oci::Platform parse_platform(const JsonView& platform) {
  const oci::Platform native = oci::native_platform();
  platform.allow_only({"architecture", "os", "variant"});
  oci::Platform wanted{platform.at("os").string_or(""), platform.at("architecture").string_or(""),
                       platform.at("variant").string_or("")};
  if (wanted.os.empty()) wanted.os = native.os;
  if (wanted.architecture.empty()) {
    wanted.architecture = native.architecture;
    if (wanted.variant.empty()) wanted.variant = native.variant;
  }
  return wanted.normalised();
}

Source parse_source(const JsonView& source, base::Log& log) {
  Source parsed;
  std::vector<std::string_view> known = {"repository", "tag",         "platform",         "debug",
                                         "git",        "label_regex", "annotation_regex", "limits"};
  known.insert(known.end(), registry_keys().begin(), registry_keys().end());
  known.insert(known.end(), tag_rule_keys().begin(), tag_rule_keys().end());
  const JsonView git = source.at_ignoring_case("git");
  const bool has_repository = !source.at_ignoring_case("repository").is_null();
  refuse_misplaced(source, known, has_repository || git.is_null());
  refuse_foreign_source(source);
  source.allow_only(known, true);
  if (!git.is_null()) parsed.git = parse_git(git);
  if (has_repository) parsed.image = parse_image(source, log);
  if (!parsed.git && !parsed.image) {
    throw Error("source needs repository (an image in a registry) or git (a repository), or both");
  }
  parsed.platform = parse_platform(source.at_ignoring_case("platform"));
  parsed.limits = parse_unpack_limits(source.at_ignoring_case("limits"));
  parsed.debug = source.at_ignoring_case("debug").boolean_or(false) ? base::Log::Debug::yes
                                                                    : base::Log::Debug::no;
  log.set_debug(parsed.debug);
  return parsed;
}

}  // namespace resource
