#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/stream.hpp"

namespace git {

enum class Service { upload_pack, receive_pack };

std::string_view program_name(Service service);  ///< "git-upload-pack" or "git-receive-pack".

/// Makes the bytes of a request; called again when they must be sent again.
using MakeBody = std::function<std::unique_ptr<base::ByteSource>()>;

/// A way to talk to one remote repository in protocol version 0 (gitprotocol-pack).
class Transport {
 public:
  virtual ~Transport() = default;

  /// The service's ref advertisement, from its first pkt-line up to the flush. A transport with a
  /// lasting connection opens a new one here.
  virtual std::unique_ptr<base::ByteSource> advertise(Service service) = 0;

  /// Sends a request and gives the reply as it arrives. With a lasting connection the reply has no
  /// end of its own and the next request goes on in the same conversation.
  virtual std::unique_ptr<base::ByteSource> request(Service service, const MakeBody& body) = 0;

  /// Whether each request stands alone (smart HTTP) instead of being part of a conversation.
  virtual bool stateless() const = 0;

  /// Waits for the end of the conversation with `service`; what the far side printed to stderr, if
  /// anything.
  virtual std::string finish(Service service) = 0;
  /// Breaks the conversation off, whatever the far side is still sending.
  virtual void abandon(Service service) = 0;
};

enum class CheckHostKey { no, yes };
enum class VerifyTls { no, yes };

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
  VerifyTls verify_tls = VerifyTls::yes;
};

/// The URI without user information and query: fit for logs and files.
std::string display_uri(std::string_view uri);

}  // namespace git
