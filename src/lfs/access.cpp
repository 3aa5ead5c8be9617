#include "lfs/access.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace lfs {

using base::cat;
using Clock = std::chrono::steady_clock;

void hide(const HeaderFields& headers, base::Log& log) {
  for (const auto& [name, secret] : headers) {
    const std::string lower = base::to_lower(name);
    // Words that stand in any log, and of which no server makes a secret.
    if (lower == "accept" || lower == "content-type" || lower == "transfer-encoding") continue;
    const std::string& value = secret.reveal();
    log.hide(value);
    // "Basic ..." and the like: the part behind the scheme is the secret.
    if (const size_t blank = value.find(' '); blank != value.npos) {
      log.hide(base::trim(std::string_view(value).substr(blank)));
    }
  }
}

Access::Access(const Options& options, const Endpoint& endpoint, base::Log& log)
    : options_(options), endpoint_(endpoint), log_(log), trusted_(*endpoint.url) {
  trusted_.username.clear();
  trusted_.password.clear();
  if (!options.url.empty() && !endpoint.url->username.empty()) {
    username_ = endpoint.url->username;
    password_ = base::Secret(endpoint.url->password);
    return;
  }
  const git::RemoteOptions& remote = options.remote;
  if (const auto ssh = git::parse_ssh_address(remote.uri)) {
    // With a key, name and password are for the https side of the host; without, for ssh itself.
    const bool same = trusted_.secure() && trusted_.host == base::to_lower(ssh->host);
    if (!same || remote.private_key.empty()) return;
  } else {
    if (remote.uri.starts_with("/") || remote.uri.starts_with("file://")) return;
    const http::Url repository = http::Url::parse(remote.uri);
    if (!repository.shares_login(trusted_)) return;
    if (remote.username.empty()) {
      username_ = repository.username;
      password_ = base::Secret(repository.password);
      return;
    }
  }
  username_ = remote.username;
  password_ = remote.password;
}

const Access::Pass& Access::pass(Operation operation) {
  if (until_ && Clock::now() > *until_) renew();
  if (!pass_) pass_ = endpoint_.ssh ? ask_over_ssh(operation) : Pass{trusted_, {}};
  return *pass_;
}

bool Access::renew() {
  until_.reset();
  if (!endpoint_.ssh) return false;
  pass_.reset();
  return true;
}

Access::Pass Access::ask_over_ssh(Operation operation) {
  constexpr std::string_view hint =
      "; where the host has an LFS server all the same, set source.git.lfs.url, and "
      "source.git.username and source.git.password for it";
  std::string text;
  try {
    text = git::ask_over_ssh(*endpoint_.ssh, options_.remote, "git-lfs-authenticate",
                             word_of(operation), log_);
  } catch (const http::TransportError& error) {
    // No matter of LFS. What may pass was waited for already, so that this is no reason to retry.
    throw base::Error(cat("git-lfs-authenticate over ssh: ", error.what()));
  } catch (base::Error& error) {
    throw base::Error(cat("git-lfs-authenticate over ssh: ", error.what(), hint));
  }
  const SshAnswer answer =
      base::with_context("git-lfs-authenticate over ssh", [&] { return parse_ssh_answer(text); });
  hide(answer.headers, log_);
  constexpr std::chrono::seconds reserve{5};
  if (answer.expires_in) until_ = Clock::now() + *answer.expires_in - reserve;
  Pass pass{trusted_, answer.headers};
  if (!answer.href.empty()) {
    pass.url = base::with_context("git-lfs-authenticate over ssh",
                                  [&] { return http::Url::parse(answer.href); });
  }
  return pass;
}

base::Secret Access::authorization(const http::Url& url) const {
  if (username_.empty() || !trusted_.shares_login(url)) return {};
  return http::basic_authorization(username_, password_.reveal());
}

}  // namespace lfs
