#include "git/ssh_transport.hpp"

#include "base/text.hpp"
#include "git/channel.hpp"
#include "git/ssh_session.hpp"

namespace git {
namespace {

/// One word for the shell on the far side.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '!') {
      out += base::cat("'\\", c, "'");
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::unique_ptr<Transport> open_ssh_transport(SshAddress address, const RemoteOptions& options,
                                              base::Log& log) {
  if (address.user.empty()) {
    address.user = !options.private_key_user.empty() ? options.private_key_user
                   : !options.username.empty()       ? options.username
                                                     : "git";
  }
  return std::make_unique<ChannelTransport>([address, options, &log](Service service,
                                                                     Protocol protocol) {
    // The one form restricted shells (git-shell, gitolite, hosting services) accept.
    const std::string command = base::cat(program_name(service), ' ', shell_quoted(address.path));
    return open_ssh_channel(address, options, {command, protocol}, log);
  });
}

}  // namespace git
