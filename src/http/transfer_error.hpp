#pragma once
#include <string_view>

#include "http/client.hpp"
#include "http/curl_handle.hpp"

namespace http {

/// The failure `code` of a transfer in words: host, cause and what to do. `detail` is libcurl's own
/// text on it, `place` that of Options.
TransportError make_transport_error(CURL* handle, CURLcode code, const Url& url,
                                    std::string_view detail, std::string_view place = "");

/// What status 407 means (RFC 9110, section 15.5.8), whose sender is never the server itself.
TransportError proxy_login_error(const Url& url);

}  // namespace http
