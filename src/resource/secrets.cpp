#include "resource/secrets.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/url.hpp"

namespace resource {
namespace {

using base::JsonView;

// Nobody's name is that long, but tokens are, and some servers take them in place of a user name.
constexpr size_t length_of_token = 16;

constexpr std::array<std::string_view, 10> secret_keys = {
    "password",          "private_key",    "private_key_passphrase",
    "client_key",        "tls_key",        "aws_secret_access_key",
    "aws_session_token", "repository_key", "repository_passphrase",
    "proxy_password"};

/// The user information of a URL, which may be written as in the URL or decoded.
void hide_userinfo(std::string_view url, base::Log& log) {
  const http::UriParts parts = http::split_user_info(url);
  if (!parts.user_info) return;
  // repository:tag@sha256:... is an image by digest.
  if (parts.rest.starts_with("sha256:") || parts.rest.starts_with("sha512:")) return;
  const auto hide = [&](std::string_view text) {
    log.hide(text);
    log.hide(base::percent_decode(text));
  };
  const std::string_view user = parts.user_info->substr(0, parts.user_info->find(':'));
  if (user.size() >= length_of_token) hide(user);
  if (user.size() == parts.user_info->size()) return;
  std::string_view password = parts.user_info->substr(user.size() + 1);
  hide(password);
  // Where it is not encoded, whoever takes the address apart may cut it in two.
  for (;;) {
    const size_t end = password.find_first_of("@/?#");
    hide(password.substr(0, end));
    if (end == password.npos) return;
    password.remove_prefix(end + 1);
  }
}

/// Long values in the query of a URL. What git and we put behind them is no part of them.
void hide_query(std::string_view url, base::Log& log) {
  const size_t question = url.find('?');
  if (question == url.npos) return;
  for (const std::string_view parameter : base::split(url.substr(question + 1), '&')) {
    const std::string_view value = parameter.substr(parameter.find('=') + 1);
    if (value.size() < length_of_token) continue;
    log.hide(value);
    log.hide(base::percent_decode(value));
  }
}

void hide_value(const JsonView& view, base::Log& log) {
  try {
    const std::string text = view.scalar_text();
    log.hide(text);
    log.hide(base::trim(text));  // As it is used where line breaks at its end are none of it.
  } catch (const base::Error&) {
    // Neither text nor number: refused by its path when it is read, without being shown.
  }
}

}  // namespace

void hide_secrets(const JsonView& source, base::Log& log) {
  if (!source.is_object()) return;
  for (const auto& [key, view] : source.members()) {
    const std::string name = base::to_lower(key);
    if (name == "git" || name == "registry_mirror" || name == "content_trust" || name == "lfs" ||
        name == "https_tunnel") {
      hide_secrets(view, log);
    } else if (std::find(secret_keys.begin(), secret_keys.end(), name) != secret_keys.end()) {
      hide_value(view, log);
    } else if ((name == "uri" || name == "url" || name == "repository" || name == "host") &&
               view.is_string()) {
      hide_userinfo(view.string(), log);
      hide_query(view.string(), log);
    }
  }
}

}  // namespace resource
