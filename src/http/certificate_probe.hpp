#pragma once
#include <string>

#include "http/curl_handle.hpp"
#include "http/url.hpp"

namespace http {

/// Subject and issuer of the certificate that the server of `url` shows, in words; "" when that
/// cannot be learned. Makes a connection without verification and without a client certificate, and
/// sends nothing over it. `handle` comes with the client's own options.
std::string describe_certificate(EasyHandle handle, const Url& url);

}  // namespace http
