#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace http {

/// An absolute http or https URL, split (RFC 3986). User information is kept apart and never shown.
struct Url {
  std::string scheme;    ///< "http" or "https", lower case.
  std::string host;      ///< Lower case; an IPv6 address without brackets.
  unsigned port = 0;     ///< Always set: 80 or 443 when the text names none.
  std::string path;      ///< Starts with "/"; as written, not decoded.
  std::string query;     ///< Without "?"; "" when there is none.
  std::string username;  ///< Decoded user information.
  std::string password;

  /// Error when `text` is not an http(s) URL.
  static Url parse(std::string_view text);
  /// The URL a Location or Link header value stands for (RFC 3986 section 5).
  Url resolve(std::string_view reference) const;

  bool secure() const { return scheme == "https"; }
  /// Same scheme, host and port.
  bool same_origin(const Url& other) const;
  /// Whether a login for this URL may go to `other`: to the same origin, or from http to the https
  /// side of the host, both at their usual ports.
  bool shares_login(const Url& other) const;
  std::string host_and_port() const;  ///< The port only where it is not the scheme's own.
  std::string text() const;           ///< For requests: all but the user information.
  std::string display() const;        ///< For people: without user information and query.
};

/// A URI as people write it, taken apart at its user information.
struct UriParts {
  std::string_view scheme;                    ///< With "://", or what stands there in its place.
  std::optional<std::string_view> user_info;  ///< Without "@".
  std::string_view rest;  ///< From the host on; nothing where it cannot be told from a query.
};
/// Takes for user information what may be a password in which "/", "?" or "#" should have been
/// encoded, so that what is left of `uri` may be shown: rather too little of a path than a secret.
UriParts split_user_info(std::string_view uri);

/// Whether `text` begins as an http or https URL does.
bool is_http(std::string_view text);

/// Loopback, link-local or private literal address, or "localhost" and names below it.
bool is_local_host(std::string_view host);
/// is_local_host, or a name of which libcurl makes another one (IDNA reads full-width digits as
/// digits), so that it may turn out to be: for what servers lead to.
bool may_be_local_host(std::string_view host);
/// The part of is_local_host that never leaves this machine: localhost, 127.0.0.0/8, ::1.
bool is_loopback_host(std::string_view host);

}  // namespace http
