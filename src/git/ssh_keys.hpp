#pragma once
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "git/transport.hpp"

struct ssh_key_struct;

namespace git {

void free_key(ssh_key_struct* key);
using SshKey = base::Handle<ssh_key_struct, free_key>;

/// The private key of `options`. Error that says whether a passphrase is missing or wrong.
SshKey read_private_key(const RemoteOptions& options);

/// The public half as it stands in known_hosts: its type and its encoding. Error when it has none.
std::string public_text(ssh_key_struct* key);

/// Whether a text begins as public_text() does, and the library can read that key.
bool is_public_key(std::string_view text);

/// "SHA256:..." as ssh shows it.
std::string fingerprint_of(ssh_key_struct* key);

/// Whether one of the lines of known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) says of this
/// encoded key that it is @revoked. What is revoked for one host is trusted for none.
bool is_revoked(std::string_view known_hosts, std::string_view key);

}  // namespace git
