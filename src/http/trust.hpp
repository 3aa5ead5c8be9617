#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "http/client.hpp"

namespace http {

/// The certificates a connection is checked against, in the form libcurl takes them.
struct TrustStore {
  std::string bundle_file;   ///< PEM file of the system; may be "".
  std::string directory;     ///< Hashed directory (openssl rehash) of the system; may be "".
  std::string bundle;        ///< PEM, which replaces `bundle_file` when not "".
  bool is_complete = false;  ///< Else the system may trust certificates that are not in here.
};

/// How much of the system's certificates is read. Parsing them all costs OpenSSL about 25 ms for
/// each connection that has extra ones or a directory; in a hashed directory it looks up the one it
/// needs, but a certificate that somebody has appended to the file is not in there.
enum class ReadTrust { as_needed, all };

/// The certificates of `system` and `extra` (PEM, each one or more certificates). Error when an
/// extra text is not PEM, since TLS would later only report an untrusted server; it begins with
/// `place`, where ca_certs stands.
TrustStore make_trust_store(const SystemTrust& system, const std::vector<std::string>& extra,
                            ReadTrust amount, std::string_view place = "");

/// Where this system keeps them.
SystemTrust find_system_trust();

/// The certificates in `pem` and nothing else, in the lines that OpenSSL wants: on their way
/// through variables and templates, line breaks become blanks, or are lost between two
/// certificates. Error naming `what` when there is none or one is damaged.
std::string clean_pem_certificates(std::string_view pem, std::string_view what);

}  // namespace http
