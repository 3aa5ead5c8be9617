#pragma once
#include <string>
#include <string_view>

namespace git {

/// The lines of known_hosts (sshd(8)) as libssh reads them: blanks for tabs, no carriage returns,
/// and in place of `host`, with a port or without, `stand_in`. Without those that exclude the host
/// at `port` by a "!", and those with keys that libssh cannot read.
std::string known_hosts_lines(std::string_view text, std::string_view host, unsigned port,
                              std::string_view stand_in);

}  // namespace git
