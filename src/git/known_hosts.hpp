#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace git {

/// The lines of known_hosts (sshd(8)) as libssh reads them: blanks for tabs, no carriage returns,
/// and in place of `host`, with a port or without, `stand_in`. Without those that exclude the host
/// at `port` by a "!", those with keys that libssh cannot read, and without a port all patterns
/// that name one.
std::string known_hosts_lines(std::string_view text, std::string_view host,
                              std::optional<unsigned> port, std::string_view stand_in);

}  // namespace git
