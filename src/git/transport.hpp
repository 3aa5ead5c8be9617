#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/stream.hpp"
#include "http/client.hpp"
#include "http/tunnel.hpp"

namespace git {

enum class Service { upload_pack, receive_pack };

std::string_view program_name(Service service);  ///< "git-upload-pack" or "git-receive-pack".

/// Version 2 (gitprotocol-v2) exists for reading only.
enum class Protocol { v0, v2 };

inline constexpr std::string_view protocol_v2_text = "version=2";  ///< As servers are asked for it.

/// Makes the bytes of a request; called again when they must be sent again.
using MakeBody = std::function<std::unique_ptr<base::ByteSource>()>;

/// A way to talk to one remote repository in git's own protocol (gitprotocol-pack).
class Transport {
 public:
  virtual ~Transport() = default;

  /// What the service says first, from its first pkt-line up to the flush. It may answer in version
  /// 0 when asked for version 2. A transport with a lasting connection breaks it off and opens a
  /// new one here.
  virtual std::unique_ptr<base::ByteSource> advertise(Service service, Protocol protocol) = 0;

  /// Sends a request in the version the service has answered in and gives the reply as it arrives.
  /// With a lasting connection the reply has no end of its own and the next request goes on in the
  /// same conversation.
  virtual std::unique_ptr<base::ByteSource> request(Service service, Protocol protocol,
                                                    const MakeBody& body) = 0;

  /// Whether each request stands alone (smart HTTP) instead of being part of a conversation.
  virtual bool stateless() const = 0;

  /// Waits for the end of the conversation with `service`; what the far side printed to stderr, if
  /// anything.
  virtual std::string finish(Service service) = 0;
  /// Breaks the conversation off, whatever the far side is still sending.
  virtual void abandon(Service service) = 0;
};

enum class CheckHostKey { no, yes };

/// What it takes to reach a remote repository.
struct RemoteOptions {
  std::string uri;  ///< http(s)://, ssh://, user@host:path, file:// or an absolute path.
  std::string username;
  base::Secret password;
  base::Secret private_key;  ///< PEM or OpenSSH text.
  base::Secret private_key_passphrase;
  std::string private_key_user;  ///< When the URI names no user; default "git".
  std::string known_hosts;       ///< Lines as in ~/.ssh/known_hosts.
  CheckHostKey check_host_key = CheckHostKey::yes;
  std::vector<std::string> ca_certs;
  http::VerifyTls verify_tls = http::VerifyTls::yes;
  std::optional<http::TunnelProxy> ssh_proxy;  ///< The way to a repository over SSH.
  /// What a server's hooks get with every push; one line each.
  std::vector<std::string> push_options;
};

/// The URI without user information and query: fit for logs and files.
std::string display_uri(std::string_view uri);
/// The same as errors of open_remote() and its remotes have it: without the scheme of a local path.
std::string name_in_errors(std::string_view uri);

}  // namespace git
