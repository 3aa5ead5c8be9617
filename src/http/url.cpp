#include "http/url.hpp"

#include <algorithm>
#include <vector>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace http {
namespace {

using base::cat;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_host_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_ipv6_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

/// The text as it may be shown in an error: nothing before "@", nothing after "?".
std::string shown(std::string_view text) {
  const UriParts parts = split_user_info(text);
  const std::string_view rest = parts.rest.substr(0, parts.rest.find_first_of("?#"));
  return base::excerpt(cat(parts.user_info ? "***@" : parts.scheme, rest), base::sentence_limit);
}

[[noreturn]] void refuse(std::string_view text, std::string_view reason) {
  throw base::Error(cat("\"", shown(text), "\" is not a usable URL: ", reason));
}

unsigned parse_port(std::string_view digits, std::string_view text) {
  const uint64_t port = base::parse_number(digits).value_or(0);
  if (port == 0 || port > 65535) refuse(text, "the port must be a number from 1 to 65535");
  return static_cast<unsigned>(port);
}

void parse_host(std::string_view authority, std::string_view text, Url& url) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) refuse(text, "\"]\" is missing behind the IPv6 address");
    url.host = base::to_lower(authority.substr(1, end - 1));
    rest = authority.substr(end + 1);
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_ipv6_char)) {
      refuse(text, "there is no IPv6 address between the brackets");
    }
  } else {
    const size_t colon = authority.find(':');
    url.host = base::to_lower(authority.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    if (url.host.empty()) refuse(text, "it names no host");
    if (!std::all_of(url.host.begin(), url.host.end(), is_host_char)) {
      refuse(text, "the host name has a character that is not allowed");
    }
  }
  if (rest.empty() || rest == ":") {
    url.port = url.secure() ? 443 : 80;
  } else if (rest.starts_with(':')) {
    url.port = parse_port(rest.substr(1), text);
  } else {
    refuse(text, "only a port may follow the host");
  }
}

void parse_authority(std::string_view authority, std::string_view text, Url& url) {
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user_information = authority.substr(0, at);
    const size_t colon = user_information.find(':');
    url.username = base::percent_decode(user_information.substr(0, colon));
    if (colon != std::string_view::npos) {
      url.password = base::percent_decode(user_information.substr(colon + 1));
    }
    authority.remove_prefix(at + 1);
  }
  parse_host(authority, text, url);
}

/// RFC 3986 section 5.2.4.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> segments = base::split(path.substr(1), '/');
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool dot = segments[i] == ".";
    const bool dots = segments[i] == "..";
    if (dots && !kept.empty()) kept.pop_back();
    if (!dot && !dots) kept.push_back(segments[i]);
    if ((dot || dots) && i + 1 == segments.size()) kept.emplace_back();
  }
  std::string out;
  for (const std::string_view segment : kept) out += cat("/", segment);
  return out.empty() ? "/" : out;
}

}  // namespace

UriParts split_user_info(std::string_view uri) {
  // Of "://" one or the other may have been forgotten. In user@host:/path it is no scheme that ends
  // there, and in user:pass//word@host none does.
  const size_t mark = std::min(uri.find_first_of(":/@"), uri.size());
  const bool has_scheme = uri.substr(mark).starts_with(":/") || uri.substr(mark).starts_with("//");
  size_t start = has_scheme ? mark + 1 : 0;
  start = std::min(uri.find_first_not_of('/', start), uri.size());
  UriParts parts{uri.substr(0, start), std::nullopt, uri.substr(start)};
  const std::string_view authority = parts.rest.substr(0, parts.rest.find_first_of("/?#"));
  const size_t colon = authority.find(':');
  const auto cut = [&](size_t at) {
    return UriParts{parts.scheme, parts.rest.substr(0, at), parts.rest.substr(at + 1)};
  };
  // A user without a password: further on, "@" is of the path. In user@host:path that is what comes
  // behind the colon.
  const bool is_url = start > 0;
  const size_t own = (is_url ? authority : authority.substr(0, colon)).rfind('@');
  if (own != authority.npos && (!is_url || authority.substr(0, own).find(':') == authority.npos)) {
    return cut(own);
  }
  const bool has_user = own != authority.npos;
  const size_t at = parts.rest.rfind('@');
  // Without either, "@" is of the path.
  if (at == uri.npos || (!has_user && colon == authority.npos)) return parts;
  const bool is_whole = has_user || authority.starts_with('[') ||
                        authority.find_first_not_of("0123456789", colon + 1) == authority.npos;
  const bool in_query = at > parts.rest.find_first_of("?#");
  parts = cut(at);
  if (is_whole && in_query) parts.rest = {};
  return parts;
}

bool is_http(std::string_view text) {
  const std::string lower = base::to_lower(text.substr(0, 8));
  return lower.starts_with("http://") || lower.starts_with("https://");
}

Url Url::parse(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) refuse(text, "white space must be written as %20");
  }
  Url url;
  const size_t scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) url.scheme = base::to_lower(text.substr(0, scheme_end));
  if (url.scheme != "http" && url.scheme != "https") {
    refuse(text, "it must start with https:// or http://");
  }
  const std::string_view rest = text.substr(scheme_end + 3);
  const std::string_view whole = rest.substr(0, rest.find('#'));
  const size_t authority_end = std::min(whole.find_first_of("/?"), whole.size());
  parse_authority(whole.substr(0, authority_end), text, url);
  const std::string_view tail = whole.substr(authority_end);
  const size_t question = tail.find('?');
  url.path = tail.substr(0, question);
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = tail.substr(question + 1);
  return url;
}

Url Url::resolve(std::string_view reference) const {
  std::string escaped;  // Servers put unescaped blanks into Location.
  for (const char c : base::trim(reference)) {
    if (c == ' ') {
      escaped += "%20";
    } else {
      escaped += c;
    }
  }
  const std::string_view text = std::string_view(escaped).substr(0, escaped.find('#'));
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon < text.find_first_of("/?")) return parse(text);
  if (text.starts_with("//")) return parse(cat(scheme, ":", text));

  const size_t question = text.find('?');
  const std::string_view new_path = text.substr(0, question);
  std::string target = path;
  if (new_path.starts_with('/')) {
    target = without_dot_segments(new_path);
  } else if (!new_path.empty()) {
    target = without_dot_segments(cat(path.substr(0, path.rfind('/') + 1), new_path));
  }
  Url url = *this;
  const bool keeps_query = new_path.empty() && question == std::string_view::npos;
  const std::string new_query(question == std::string_view::npos ? "" : text.substr(question + 1));
  // parse() checks the characters of what the server sent.
  const Url checked =
      parse(cat(scheme, "://", host_and_port(), target, new_query.empty() ? "" : "?", new_query));
  url.path = checked.path;
  if (!keeps_query) url.query = checked.query;
  return url;
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

bool Url::shares_login(const Url& other) const {
  const bool upgraded =
      host == other.host && !secure() && port == 80 && other.secure() && other.port == 443;
  return same_origin(other) || upgraded;
}

std::string Url::host_and_port() const {
  const std::string name = host.find(':') == std::string::npos ? host : cat("[", host, "]");
  return port == (secure() ? 443U : 80U) ? name : cat(name, ":", port);
}

std::string Url::text() const {
  return cat(scheme, "://", host_and_port(), path, query.empty() ? "" : "?", query);
}

std::string Url::display() const {
  // What came before "@" may be a host here, and a password in truth.
  const std::string whole = text();
  const UriParts parts = split_user_info(whole);
  return base::excerpt(
      cat(parts.scheme, parts.user_info ? "***@" : "", parts.rest.substr(0, parts.rest.find('?'))),
      base::sentence_limit);
}

}  // namespace http
