#include "http/trust.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "http/client.hpp"
#include "support/catch.hpp"

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
  try {
    http::Client client({.ca_certs = {block, bad}}, log);
    FAIL("was accepted");
  } catch (const base::Error& error) {
    CHECK(std::string(error.what()).starts_with("ca_certs[1]: "));
  }
}
