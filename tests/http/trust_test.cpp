#include "http/trust.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "http/client.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

using base::cat;

namespace {

// Not a certificate, but a DER SEQUENCE in PEM clothes: 30 03 02 01 05.
constexpr const char* block = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n";

}  // namespace

TEST_CASE("a certificate that has lost its line breaks on the way is trusted all the same") {
  const std::string one = block;
  CHECK(http::clean_pem_certificates(one, "x") == one);
  CHECK(http::clean_pem_certificates("Comment\r\n" + one + "\n# more\n" + one, "x") == one + one);
  std::string line = one;
  std::replace(line.begin(), line.end(), '\n', ' ');
  CHECK(http::clean_pem_certificates(line, "x") == one);
  line.pop_back();
  CHECK(http::clean_pem_certificates("  " + line + line + "\r\n", "x") == one + one);
  CHECK(http::clean_pem_certificates(
            "-----BEGIN CERTIFICATE-----MAMC\n\n  AQU-----END CERTIFICATE-----", "x") == one);

  const std::string der = std::string("\x30\x82\x01\x00", 4) + std::string(256, 'x');
  const std::string text = base::base64_encode(der);
  const std::string clean = http::clean_pem_certificates(
      cat("-----BEGIN CERTIFICATE----- ", text, " -----END CERTIFICATE-----"), "x");
  for (const std::string_view each : base::split(clean, '\n')) CHECK(each.size() <= 64);
}

TEST_CASE("a text that is no certificate is refused before any connection is made") {
  const std::string bad =
      GENERATE("", "hello", "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n",
               "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
               "-----BEGIN CERTIFICATE-----\nMAMCAQ==\n-----END CERTIFICATE-----\n",
               "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
               "-----BEGIN RSA PRIVATE KEY-----\nMAMCAQU=\n-----END RSA PRIVATE KEY-----\n");
  CAPTURE(bad);
  base::Log log(-1);
  CHECK(message_of([&] {
          http::Client client({.ca_certs = {block, bad}}, log);
        }).starts_with("ca_certs[1]: "));
}

TEST_CASE("the system's certificates are looked up one by one where that is possible") {
  ScratchDir home;
  const std::string directory = (home / "certs").string();
  const std::string file = (home / "bundle.pem").string();
  std::ofstream(file) << "# all\n" << block;
  const auto store = [&](const http::SystemTrust& system, http::ReadTrust amount,
                         const std::vector<std::string>& extra = {}) {
    return http::make_trust_store(system, extra, amount);
  };
  using http::ReadTrust;

  SECTION("a directory that OpenSSL can search") {
    std::filesystem::create_directory(directory);
    std::ofstream(home / "certs/0a1b2c3d.0") << block;
    const auto lazy = store({file, directory}, ReadTrust::as_needed);
    CHECK(lazy.directory == directory);
    CHECK((lazy.bundle_file.empty() && lazy.bundle.empty()));
    CHECK_FALSE(lazy.is_complete);
    CHECK(store({file, directory}, ReadTrust::as_needed, {block}).bundle == cat("\n", block));
    CHECK(store({"", directory}, ReadTrust::as_needed).is_complete);

    const auto all = store({file, directory}, ReadTrust::all);
    CHECK((all.is_complete && all.directory == directory && all.bundle_file == file));
    const auto more = store({file, directory}, ReadTrust::all, {block});
    CHECK(more.bundle == cat("# all\n", block, "\n", block));
    CHECK(more.bundle_file.empty());
  }
  SECTION("a directory of other files, or none") {
    for (const char* name : {"", "ca-certificates.crt", "0a1b2c3d", "0a1b2c3d.", "0a1b2c3d.r0",
                             "0A1B2C3D.0", "0a1b2c3.0", "0a1b2c3d0.0"}) {
      CAPTURE(name);
      std::filesystem::remove_all(directory);
      if (name[0] != '\0') {
        std::filesystem::create_directory(directory);
        std::ofstream(std::filesystem::path(directory) / name) << block;
      }
      const auto only = store({file, directory}, ReadTrust::as_needed);
      CHECK((only.is_complete && only.bundle_file == file && only.directory.empty()));
    }
  }
}
