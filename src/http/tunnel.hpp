#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/handle.hpp"
#include "base/secret.hpp"

namespace http {

/// An HTTP proxy that lets connections through.
struct TunnelProxy {
  std::string host;
  unsigned port = 0;
  std::string username;  ///< "" for a proxy without a login.
  base::Secret password;
};

/// A connection to a host for a protocol other than HTTP, made by a proxy (RFC 9110 section 9.3.6,
/// CONNECT). Environment variables do not count.
class Tunnel {
 public:
  /// TransportError when proxy or host cannot be reached within `timeout`, or the proxy refuses.
  Tunnel(const TunnelProxy& proxy, const std::string& host, unsigned port,
         std::chrono::seconds timeout);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  /// The connection, which does not block; of use as long as the tunnel lives.
  base::UniqueFd socket() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
