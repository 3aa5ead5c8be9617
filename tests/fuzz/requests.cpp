#include <sys/mman.h>

#include "base/json.hpp"
#include "fuzz/support/fuzz.hpp"
#include "resource/protocol.hpp"
#include "support/captured_log.hpp"

namespace {

using fuzz::require;

/// The value of a secret of `source` that cannot be part of a message by chance; else "".
std::string canary(std::string_view text, const char* parent, const char* key) {
  std::string found;
  try {
    const auto document = base::JsonDocument::parse(text, "the request");
    auto view = document.root().at("source");
    if (parent != nullptr) view = view.at(parent);
    found = view.at(key).string_or("");
  } catch (const base::Error&) {
    return "";
  }
  return found.starts_with("canary-") && found.size() >= 12 ? found : "";
}

/// Parses a request and prints why it is refused as run() does.
template <class Parse>
void run(std::string_view text, Parse parse) {
  CapturedLog log;
  try {
    parse(log);
  } catch (const base::Error& error) {
    log->error(error.what());
  }
  const std::string printed = log.text();
  for (const auto& [parent, key] : {std::pair{static_cast<const char*>(nullptr), "password"},
                                    {static_cast<const char*>(nullptr), "aws_secret_access_key"},
                                    {"git", "password"},
                                    {"git", "private_key"}}) {
    const std::string secret = canary(text, parent, key);
    require(secret.empty() || printed.find(secret) == std::string::npos, "secrets stay hidden");
  }
}

void check(const resource::Source& source) {
  require(source.image || source.git, "a source is a source of something");
}

}  // namespace

// The request of a step as Concourse writes it, whatever the user put in.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  run(text, [&](base::Log& log) { check(resource::parse_check_request(text, log).source); });
  run(text, [&](base::Log& log) {
    const auto request = resource::parse_get_request(text, log);
    check(request.source);
    // What is answered is JSON, whatever bytes the version has.
    base::JsonDocument::parse(resource::encode({request.version, {{"name", request.version.tag}}}),
                              "the answer");
  });
  run(text, [&](base::Log& log) { check(resource::parse_put_request(text, log).source); });
  return 0;
}
