#include "http/transfer_error.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/text.hpp"
#include "http/backoff.hpp"

namespace http {
namespace {

using base::cat;
using Cause = TransportError::Cause;

/// What the system said about the last connection attempt: "Connection refused".
std::string system_reason(CURL* handle) {
  long number = 0;
  if (curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number) != CURLE_OK || number == 0) return "";
  return std::strerror(static_cast<int>(number));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// libcurl may quote the proxy's address with its password.
std::string without_user_information(std::string text) {
  for (size_t scheme = text.find("://"); scheme != std::string::npos;
       scheme = text.find("://", scheme + 3)) {
    const size_t begin = scheme + 3;
    const size_t end = std::min(text.find_first_of("/ \"'", begin), text.size());
    const size_t at = text.rfind('@', end);
    if (at != std::string::npos && at > begin) text.replace(begin, at - begin, "***");
  }
  return text;
}

/// Whether the proxy that libcurl takes for `url` is one at https://.
bool has_https_proxy(const Url& url) {
  const std::array names = url.secure()
                               ? std::array{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
                               : std::array{"http_proxy", "", "all_proxy", "ALL_PROXY"};
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return base::to_lower(value).starts_with("https://");
  }
  return false;
}

/// Whether TLS failed with a proxy, before it could be asked for anything.
bool is_of_proxy(CURL* handle, const Url& url) {
  long verdict = 0;
  long answer = 0;
  long port = 0;
  if (curl_easy_getinfo(handle, CURLINFO_PROXY_SSL_VERIFYRESULT, &verdict) != CURLE_OK ||
      curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &answer) != CURLE_OK ||
      curl_easy_getinfo(handle, CURLINFO_PRIMARY_PORT, &port) != CURLE_OK) {
    return false;
  }
  return verdict != 0 ||
         (has_https_proxy(url) && answer == 0 && port != static_cast<long>(url.port));
}

TransportError proxy_tls_error(const std::string& host, const std::string& detail) {
  return {Cause::other,
          cat("TLS handshake with the proxy on the way to ", host, " failed: ", detail,
              "; most proxies want http:// before their address, in https_proxy, too")};
}

/// A proxy that answered CONNECT, but not as was hoped.
TransportError tunnel_error(CURL* handle, const Url& url, const std::string& host,
                            const std::string& detail) {
  long status = 0;
  check(curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &status), "find the proxy's answer");
  // 401 is another server's word, but tinyproxy says it of a wrong password.
  if (status == 407 || status == 401) return proxy_login_error(url);
  if (status == 0 || may_pass(status)) {
    return {Cause::connect, cat("the proxy could not connect to ", host, ": ", detail)};
  }
  return {Cause::proxy_refusal, cat("the proxy refuses to connect to ", host, ": ", detail,
                                    "; it must allow this host and port")};
}

TransportError tls_error(const std::string& host, const std::string& detail) {
  if (contains(detail, "wrong version number") || contains(detail, "packet length too long")) {
    return {Cause::no_tls,
            cat(host, " does not speak TLS on this port: use http:// if that is meant")};
  }
  return {Cause::tls, cat("TLS handshake with ", host, " failed: ", detail)};
}

std::string certificate_remedy(std::string_view detail, std::string_view place) {
  if (contains(detail, "no alternative certificate subject name")) {
    return "use the host name the certificate is made for";
  }
  if (contains(detail, "expired") || contains(detail, "not yet valid")) {
    return "renew it, or set the worker's clock";
  }
  // It or one above it, of which the key is too short or the hash too old for OpenSSL.
  if (contains(detail, "too weak")) return "have it made anew with a stronger key and SHA-256";
  return cat("add the certificate of its CA to ", place, "ca_certs");
}

TransportError certificate_error(const std::string& host, std::string detail,
                                 std::string_view place) {
  constexpr std::string_view prefix = "SSL certificate problem: ";
  if (detail.starts_with(prefix)) detail.erase(0, prefix.size());
  return {Cause::tls_certificate, cat("the certificate of ", host, " is not trusted: ", detail,
                                      "; ", certificate_remedy(detail, place))};
}

}  // namespace

TransportError proxy_login_error(const Url& url) {
  return {Cause::other,
          cat("the proxy on the way to ", base::printable(cat(url.host, ":", url.port)),
              " wants a login, or another one: it stands in http_proxy and https_proxy ",
              "(http://user:password@host:port), or in git.https_tunnel")};
}

TransportError make_transport_error(CURL* handle, CURLcode code, const Url& url,
                                    std::string_view detail_text, std::string_view place) {
  const std::string host = base::printable(cat(url.host, ":", url.port));
  std::string detail = base::printable(without_user_information(
      std::string(base::trim(detail_text.empty() ? curl_easy_strerror(code) : detail_text))));
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Cause::resolve, cat("cannot resolve the host name ", base::printable(url.host),
                                  ": check its spelling and the worker's DNS")};
    case CURLE_COULDNT_RESOLVE_PROXY:
      // libcurl quotes the address, in which it finds no end of the password.
      if (contains(detail, "Unsupported proxy")) {
        return {Cause::other,
                cat("the proxy's address on the way to ", host, " is no URL: expected ",
                    "http://user:password@host:port in http_proxy and https_proxy; in user and ",
                    "password, other signs than letters and digits are written like %2F")};
      }
      return {Cause::resolve,
              cat("cannot resolve the proxy's host name on the way to ", host, ": ", detail)};
    case CURLE_COULDNT_CONNECT: {
      if (contains(detail, "CONNECT")) return tunnel_error(handle, url, host, detail);
      const std::string reason = system_reason(handle);
      // "via" or "over proxy" as libcurl is older or newer; before both it named the proxy alone.
      if (!contains(detail, url.host) || contains(detail, " via ") ||
          contains(detail, " over proxy ")) {
        return {Cause::connect,
                cat("cannot connect to ", host, " through the proxy: ", detail,
                    "; the proxy's address stands in http_proxy and https_proxy, or in ",
                    "git.https_tunnel")};
      }
      return {Cause::connect,
              cat("cannot connect to ", host, ": ", reason.empty() ? detail : reason,
                  "; check host, port, firewall and proxy")};
    }
    case CURLE_OPERATION_TIMEDOUT:
      return {Cause::timeout, cat("cannot connect to ", host, ": no answer in time; check host, ",
                                  "port, firewall and proxy")};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return certificate_error(
          is_of_proxy(handle, url) ? cat("the proxy on the way to ", host) : host,
          std::move(detail), place);
    case CURLE_SSL_CACERT_BADFILE:
      return {Cause::tls_certificate,
              cat("cannot load the trusted certificates to check ", host, ": ", detail)};
    case CURLE_SSL_CERTPROBLEM:
      // Neither another attempt nor plain http makes them usable.
      return {Cause::other, cat("cannot use client_cert and client_key for ", host, ": ", detail)};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED:
      if (is_of_proxy(handle, url)) return proxy_tls_error(host, detail);
      return tls_error(host, detail);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (contains(detail, "CONNECT")) return tunnel_error(handle, url, host, detail);
      // With TLS 1.3 this comes when the handshake looks done.
      if (contains(detail, "certificate required") || contains(detail, "alert bad certificate")) {
        return {Cause::cut, cat(host, " wants a client certificate that it knows: ", detail)};
      }
      return {Cause::cut, cat("the connection to ", host, " broke off: ", detail)};
    case CURLE_BAD_CONTENT_ENCODING:
      return {Cause::other, cat("cannot unpack the answer of ", host, ": ", detail)};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      // "Received HTTP/0.9 when not allowed" stands for everything that is no HTTP.
      return {Cause::other,
              cat(host, " does not answer in HTTP: check host and port (", detail, ")")};
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
    case CURLE_OUT_OF_MEMORY:
      // Before 8.6, libcurl says the same of both.
      return {Cause::other, cat("cannot read the answer of ", host,
                                ": it has a header line of more than 100 KiB, or memory ran out")};
    default:
      return {Cause::other, cat("request to ", host, " failed: ", detail)};
  }
}

}  // namespace http
