#include "http/trust.hpp"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace http {
namespace {

using base::cat;

constexpr const char* default_directory = "/etc/ssl/certs";

bool exists(const std::string& path, mode_t kind) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IFMT) == kind;
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

/// Whether OpenSSL can look up a certificate in the directory: some file is named after a subject's
/// hash, eight hexadecimal digits and a number.
bool is_hashed(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    if (name.size() > 9 && name[8] == '.' && name.find_first_not_of("0123456789abcdef") == 8 &&
        name.find_first_not_of("0123456789", 9) == std::string::npos) {
      return true;
    }
  }
  return false;
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

constexpr std::string_view begin_mark = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view end_mark = "-----END CERTIFICATE-----";

void append_pem(std::string& pem, std::string_view der) {
  constexpr size_t line_length = 64;
  const std::string text = base::base64_encode(der);
  pem += cat(begin_mark, "\n");
  for (size_t at = 0; at < text.size(); at += line_length) {
    pem += cat(std::string_view(text).substr(at, line_length), "\n");
  }
  pem += cat(end_mark, "\n");
}

}  // namespace

std::string clean_pem_certificates(std::string_view pem, std::string_view what) {
  std::string clean;
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
    append_pem(clean, *der);
    at = end;
    ++count;
  }
  if (count == 0) {
    throw base::Error(cat(
        what, ": is not a PEM certificate; it must hold a block that starts with ", begin_mark));
  }
  return clean;
}

SystemTrust find_system_trust() {
  return {system_bundle_file(), exists(default_directory, S_IFDIR) ? default_directory : ""};
}

TrustStore make_trust_store(const SystemTrust& system, const std::vector<std::string>& extra,
                            ReadTrust amount, std::string_view place) {
  TrustStore store;
  for (size_t i = 0; i < extra.size(); ++i) {
    const std::string number = extra.size() == 1 ? "" : cat('[', i, ']');
    store.bundle += cat("\n", clean_pem_certificates(extra[i], cat(place, "ca_certs", number)));
  }
  if (is_hashed(system.directory)) store.directory = system.directory;
  store.is_complete = amount == ReadTrust::all || store.directory.empty() || system.file.empty();
  if (!store.is_complete) return store;
  // libcurl takes a file or a text, not both.
  if (store.bundle.empty()) {
    store.bundle_file = system.file;
  } else if (!system.file.empty()) {
    store.bundle = read_whole(system.file) + store.bundle;
  }
  return store;
}

}  // namespace http
