#include "http/trust.hpp"

#include <sys/stat.h>

#include <array>
#include <fstream>
#include <iterator>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace http {
namespace {

using base::cat;

bool exists(const char* path, mode_t kind) {
  struct stat status {};
  return stat(path, &status) == 0 && (status.st_mode & S_IFMT) == kind;
}

/// A Concourse worker mounts its own host's directory on /etc/ssl/certs, so the file may have the
/// name another distribution gives it.
std::string system_bundle_file() {
  constexpr std::array candidates = {
      "/etc/ssl/certs/ca-certificates.crt",
      "/etc/ssl/certs/ca-bundle.crt",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/ca-bundle.pem",
      "/etc/ssl/cert.pem",
  };
  for (const char* path : candidates) {
    if (exists(path, S_IFREG)) return path;
  }
  return "";
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Whether the bytes are one DER SEQUENCE of exactly the given length (X.690 section 8.1.3).
bool is_der_sequence(std::string_view der) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(der[i]); };
  if (der.size() < 2 || byte(0) != 0x30) return false;
  const size_t length_bytes = byte(1) >= 0x80 ? byte(1) & 0x7FU : 0;
  if (length_bytes > 4 || der.size() < 2 + length_bytes) return false;
  size_t length = length_bytes == 0 ? byte(1) : 0;
  for (size_t i = 0; i < length_bytes; ++i) length = length << 8U | byte(2 + i);
  return der.size() == 2 + length_bytes + length;
}

}  // namespace

size_t check_pem_certificates(std::string_view pem, std::string_view what) {
  constexpr std::string_view begin_mark = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view end_mark = "-----END CERTIFICATE-----";
  size_t count = 0;
  for (size_t at = pem.find(begin_mark); at != std::string_view::npos;
       at = pem.find(begin_mark, at)) {
    at += begin_mark.size();
    const size_t end = pem.find(end_mark, at);
    if (end == std::string_view::npos) {
      throw base::Error(cat(what, ": certificate ", count + 1, " has no line ", end_mark));
    }
    std::string text;
    for (const char c : pem.substr(at, end - at)) {
      if (c != '\n' && c != '\r' && c != ' ' && c != '\t') text += c;
    }
    const auto der = base::base64_decode(text);
    if (!der || !is_der_sequence(*der)) {
      throw base::Error(
          cat(what, ": certificate ", count + 1, " is damaged; paste the PEM text unchanged"));
    }
    at = end;
    ++count;
  }
  if (count == 0) {
    throw base::Error(cat(
        what, ": is not a PEM certificate; it must hold a block that starts with ", begin_mark));
  }
  return count;
}

TrustStore make_trust_store(const std::vector<std::string>& extra) {
  TrustStore store;
  store.bundle_file = system_bundle_file();
  if (exists("/etc/ssl/certs", S_IFDIR)) store.directory = "/etc/ssl/certs";
  if (extra.empty()) return store;

  // libcurl takes a file or a text, not both.
  if (!store.bundle_file.empty()) store.bundle = read_whole(store.bundle_file);
  store.bundle_file.clear();
  for (size_t i = 0; i < extra.size(); ++i) {
    check_pem_certificates(extra[i], cat("ca_certs[", i, "]"));
    store.bundle += cat("\n", extra[i], "\n");
  }
  return store;
}

}  // namespace http
