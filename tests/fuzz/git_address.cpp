#include "fuzz/support/fuzz.hpp"
#include "git/ssh_transport.hpp"

// git.uri as users write it.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  const std::string_view uri = fuzz::text_of(data, size);
  git::display_uri(uri);
  fuzz::accepts([&] {
    const auto address = git::parse_ssh_address(uri);
    if (!address) return;
    require(!address->host.empty() && !address->path.empty(), "an address leads somewhere");
    require(!address->host.starts_with('-'), "a host is no option");
    require(address->port <= 65535, "a port is a port");
  });
  return 0;
}
