#include "git/ssh_transport.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/channel.hpp"
#include "git/patience.hpp"
#include "git/ssh_session.hpp"
#include "http/backoff.hpp"

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

void add_user(SshAddress& address, const RemoteOptions& options) {
  if (!address.user.empty()) return;
  address.user = !options.private_key_user.empty() ? options.private_key_user
                 : !options.username.empty()       ? options.username
                                                   : "git";
}

}  // namespace

std::unique_ptr<Transport> open_ssh_transport(SshAddress address, const RemoteOptions& options,
                                              base::Log& log) {
  add_user(address, options);
  const auto patience = std::make_shared<Patience>("", http::pause, log);
  const auto ignores_version = std::make_shared<bool>(false);
  return std::make_unique<ChannelTransport>([=, &log](Service service, Protocol protocol) {
    // The one form restricted shells (git-shell, gitolite, hosting services) accept.
    const std::string command = base::cat(program_name(service), ' ', shell_quoted(address.path));
    return patience->run([&] {
      try {
        const Protocol asked = *ignores_version ? Protocol::v0 : protocol;
        return open_ssh_channel(address, options, {command, asked}, log);
      } catch (const VersionIgnored& error) {
        log.debug(base::cat(error.what(), "; connecting again without"));
        *ignores_version = true;
        return open_ssh_channel(address, options, {command, Protocol::v0}, log);
      }
    });
  });
}

std::string ask_over_ssh(SshAddress address, const RemoteOptions& options, std::string_view program,
                         std::string_view word, base::Log& log) {
  constexpr size_t most_said = 64 * 1024;
  add_user(address, options);
  const std::string command = base::cat(program, ' ', shell_quoted(address.path), ' ', word);
  const auto channel = Patience("", http::pause, log).run([&] {
    return open_ssh_channel(address, options, {command, Protocol::v0}, log);
  });
  channel->end_writing();
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    channel->wait(false);
    const size_t count = channel->read(block);
    if (count == 0) break;
    text.append(block.data(), count);
    if (text.size() > most_said) throw base::Error("the server does not stop talking");
  }
  if (text.empty()) {
    const std::string said = base::printable(base::trim(channel->errors()));
    throw base::Error(said.empty() ? "no answer" : base::cat("the server said: ", said));
  }
  return text;
}

}  // namespace git
