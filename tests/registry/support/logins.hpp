#pragma once
#include "base/encoding.hpp"
#include "registry/support/fake_registry.hpp"

const oci::Platform amd64{"linux", "amd64", ""};
const std::string basic_value = "Basic " + base::base64_encode("user:pass:word");

inline registry::Options with_password() {
  registry::Options options;
  options.credentials = registry::Credentials{"user", base::Secret("pass:word")};
  return options;
}

/// Asks for `value` as Authorization, else answers 401 with `challenge`.
inline FakeRegistry::Override wants(std::string value, std::vector<std::string> challenge) {
  return [=](Exchange& exchange) {
    if (exchange.header("authorization") == value) return false;
    exchange.reply(401, challenge, R"({"errors":[{"code":"UNAUTHORIZED","message":"who?"}]})");
    return true;
  };
}

/// How many requests had this header field.
inline size_t count(const LoopbackServer& server, std::string_view header) {
  size_t with = 0;
  for (const auto& request : server.seen()) with += request.headers.count(std::string(header));
  return with;
}
