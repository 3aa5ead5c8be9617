#include "http/trust.hpp"

#include <filesystem>
#include <fstream>

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

TEST_CASE("all certificates of a PEM text are counted") {
  const std::string one = block;
  CHECK(http::check_pem_certificates(one, "x") == 1);
  CHECK(http::check_pem_certificates("Comment\r\n" + one + "\n# more\n" + one, "x") == 2);
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
    CHECK(store({file, directory}, ReadTrust::as_needed, {block}).bundle == cat("\n", block, "\n"));
    CHECK(store({"", directory}, ReadTrust::as_needed).is_complete);

    const auto all = store({file, directory}, ReadTrust::all);
    CHECK((all.is_complete && all.directory == directory && all.bundle_file == file));
    const auto more = store({file, directory}, ReadTrust::all, {block});
    CHECK(more.bundle == cat("# all\n", block, "\n", block, "\n"));
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
