#include "http/tunnel.hpp"

#include <fcntl.h>

#include <array>
#include <exception>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/curl_handle.hpp"
#include "http/transfer_error.hpp"

namespace http {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == host.npos ? host : base::cat('[', host, ']');
}

/// Called all the time; ends the transfer when the program is to end.
int stop_when_cancelled(void* cancelled, curl_off_t /*total*/, curl_off_t /*now*/,
                        curl_off_t /*up_total*/, curl_off_t /*up_now*/) noexcept {
  try {
    base::throw_if_cancelled();
    return 0;
  } catch (...) {
    *static_cast<std::exception_ptr*>(cancelled) = std::current_exception();
    return 1;
  }
}

}  // namespace

struct Tunnel::Impl {
  EasyHandle handle;
};

Tunnel::Tunnel(const TunnelProxy& proxy, const std::string& host, unsigned port,
               std::chrono::seconds timeout)
    : impl_(std::make_unique<Impl>()) {
  initialise_libcurl();
  impl_->handle.reset(curl_easy_init());
  if (!impl_->handle) throw base::Error("libcurl: cannot make a handle");
  CURL* const handle = impl_->handle.get();
  const Url url = Url::parse(base::cat("http://", bracketed(host), ':', port, '/'));
  std::array<char, CURL_ERROR_SIZE> detail{};
  std::exception_ptr cancelled;
  EasyOptions options(handle);
  options.set_object(CURLOPT_ERRORBUFFER, detail.data());
  options.set(CURLOPT_URL, url.text());
  options.set(CURLOPT_PROXY, base::cat("http://", bracketed(proxy.host), ':', proxy.port));
  if (!proxy.username.empty()) {
    options.set(CURLOPT_PROXYUSERNAME, proxy.username);
    options.set(CURLOPT_PROXYPASSWORD, proxy.password.reveal());
  }
  options.set(CURLOPT_NOPROXY, "");
  options.set(CURLOPT_HTTPPROXYTUNNEL, 1L);
  options.set(CURLOPT_CONNECT_ONLY, 1L);
  options.set(CURLOPT_NOSIGNAL, 1L);
  options.set(CURLOPT_QUICK_EXIT, 1L);
  options.set(CURLOPT_TCP_KEEPALIVE, 1L);
  options.set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(timeout).count()));
  options.set(CURLOPT_NOPROGRESS, 0L);
  options.set_function(CURLOPT_XFERINFOFUNCTION, &stop_when_cancelled);
  options.set_object(CURLOPT_XFERINFODATA, &cancelled);
  const CURLcode result = curl_easy_perform(handle);
  if (cancelled) std::rethrow_exception(cancelled);
  if (result != CURLE_OK) throw make_transport_error(handle, result, url, detail.data());
  // What ends with this function.
  options.set_object(CURLOPT_ERRORBUFFER, nullptr);
  options.set(CURLOPT_NOPROGRESS, 1L);
}

Tunnel::~Tunnel() = default;

base::UniqueFd Tunnel::socket() const {
  curl_socket_t own = CURL_SOCKET_BAD;
  check(curl_easy_getinfo(impl_->handle.get(), CURLINFO_ACTIVESOCKET, &own), "find the connection");
  base::UniqueFd copy(::fcntl(own, F_DUPFD_CLOEXEC, 0));
  if (!copy) base::throw_errno("copy a connection");
  return copy;
}

}  // namespace http
