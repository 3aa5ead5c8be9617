#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace http {

/// The certificates a connection is checked against, in the form libcurl takes them.
struct TrustStore {
  std::string bundle_file;  ///< PEM file of the system; "" when `bundle` replaces it.
  std::string directory;    ///< Hashed directory (openssl rehash) of the system; may be "".
  std::string bundle;       ///< PEM: the system's file and the extra certificates in one.
};

/// The system's store and `extra` (PEM, each one or more certificates). Error when an extra text is
/// not PEM, since TLS would later only report an untrusted server.
TrustStore make_trust_store(const std::vector<std::string>& extra);

/// How many certificates are in `pem`; Error naming `what` when there is none or one is damaged.
size_t check_pem_certificates(std::string_view pem, std::string_view what);

}  // namespace http
