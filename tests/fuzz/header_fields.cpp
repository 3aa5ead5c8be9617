#include "fuzz/support/fuzz.hpp"
#include "http/client.hpp"
#include "registry/tag_list.hpp"

// Each line is the value of a header field: WWW-Authenticate, Link and Retry-After in turn.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  std::vector<std::string> fields;
  for (const auto line : base::split(fuzz::text_of(data, size), '\n')) fields.emplace_back(line);
  fuzz::accepts([&] {
    for (const http::Challenge& challenge : http::parse_challenges(fields)) {
      require(!challenge.scheme.empty(), "a challenge has a scheme");
      require(challenge.scheme == base::to_lower(challenge.scheme), "schemes are in lower case");
      for (const auto& [name, value] : challenge.parameters) {
        require(!name.empty() && name == base::to_lower(name), "names are in lower case");
        require(!challenge.get(name).empty() || value.empty() || challenge.parameters.size() > 1,
                "a parameter is found by its name");
      }
    }
    if (const auto link = registry::next_link(fields)) {
      require(link->find('>') == std::string::npos, "a link ends at its bracket");
    }
    constexpr std::time_t now = 1'700'000'000;
    for (const std::string& field : fields) {
      const auto wait = http::parse_retry_after(field, now);
      require(!wait || wait->count() >= 0, "nobody waits for less than nothing");
    }
  });
  return 0;
}
