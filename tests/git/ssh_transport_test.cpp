// libssh 0.12 wants keys to be made by a function that earlier ones lack.
#define SSH_SUPPRESS_DEPRECATED

#include "git/ssh_transport.hpp"

#include <arpa/inet.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/file.hpp"
#include "base/handle.hpp"
#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

void close_session(ssh_session_struct* session) {
  ssh_disconnect(session);
  ssh_free(session);
}

using Bind = base::Handle<ssh_bind_struct, ssh_bind_free>;
using Session = base::Handle<ssh_session_struct, close_session>;
using Message = base::Handle<ssh_message_struct, ssh_message_free>;

const std::string greeting = "what a server says first";

/// An SSH server that lets everybody in who has a password, and runs nothing.
class SshServer {
 public:
  /// Some say nothing when they are told a variable, or hang up at that or at the login.
  enum class Manner { polite, mute, hangs_up_at_variable, hangs_up_at_login };

  explicit SshServer(Manner manner)
      : manner_(manner), bind_(ssh_bind_new()), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    ssh_key key = nullptr;
    REQUIRE(ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) == SSH_OK);
    REQUIRE(ssh_bind_options_set(bind_.get(), SSH_BIND_OPTIONS_IMPORT_KEY, key) == SSH_OK);
    REQUIRE(ssh_bind_options_set(bind_.get(), SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES,
                                 "ssh-ed25519") == SSH_OK);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_.get(), generic, size) == 0);
    REQUIRE(::listen(listener_.get(), 5) == 0);
    REQUIRE(::getsockname(listener_.get(), generic, &size) == 0);
    port = ntohs(address.sin_port);
    thread_ = std::jthread([this] { run(); });
  }
  ~SshServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    ::shutdown(connection_, SHUT_RDWR);
  }
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  unsigned port = 0;
  std::atomic<int> connections{0};
  std::atomic<int> ended{0};

 private:
  void run() {
    for (;;) {
      connection_ = ::accept(listener_.get(), nullptr, nullptr);
      if (connection_ < 0) return;
      ++connections;
      const Session session(ssh_new());
      if (ssh_bind_accept_fd(bind_.get(), session.get(), connection_) == SSH_OK &&
          ssh_handle_key_exchange(session.get()) == SSH_OK) {
        serve(session.get());
      }
      ++ended;
    }
  }

  void serve(ssh_session_struct* session) {
    ssh_channel channel = nullptr;
    while (const Message message{ssh_message_get(session)}) {
      switch (ssh_message_type(message.get())) {
        case SSH_REQUEST_SERVICE:
          ssh_message_service_reply_success(message.get());
          break;
        case SSH_REQUEST_AUTH:
          if (manner_ == Manner::hangs_up_at_login) {
            ::shutdown(connection_, SHUT_RDWR);
            return;
          }
          if (ssh_message_subtype(message.get()) == SSH_AUTH_METHOD_PASSWORD) {
            ssh_message_auth_reply_success(message.get(), 0);
          } else {
            ssh_message_reply_default(message.get());
          }
          break;
        case SSH_REQUEST_CHANNEL_OPEN:
          channel = ssh_message_channel_request_open_reply_accept(message.get());
          break;
        case SSH_REQUEST_CHANNEL:
          if (ssh_message_subtype(message.get()) == SSH_CHANNEL_REQUEST_ENV) {
            if (manner_ == Manner::hangs_up_at_variable) return;
            if (manner_ == Manner::polite) ssh_message_reply_default(message.get());
            break;
          }
          ssh_message_channel_request_reply_success(message.get());
          ssh_channel_write(channel, greeting.data(), static_cast<uint32_t>(greeting.size()));
          break;
        default:
          ssh_message_reply_default(message.get());
      }
    }
  }

  Manner manner_;
  Bind bind_;
  base::UniqueFd listener_;
  std::atomic<int> connection_{-1};
  std::jthread thread_;  // Ends before what it uses.
};

/// A new private key, as text.
std::string rsa_key() {
  const ScratchDir scratch;
  const std::filesystem::path file = scratch / "key";
  ssh_key key = nullptr;
  REQUIRE(ssh_pki_generate(SSH_KEYTYPE_RSA, 2048, &key) == SSH_OK);
  REQUIRE(ssh_pki_export_privkey_file(key, nullptr, nullptr, nullptr, file.c_str()) == SSH_OK);
  ssh_key_free(key);
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::unique_ptr<git::Transport> way_to(const SshServer& server, base::Log& log,
                                       const std::string& private_key = "") {
  git::RemoteOptions options;
  options.password = base::Secret("the password");
  options.private_key = base::Secret(private_key);
  options.check_host_key = git::CheckHostKey::no;
  return git::open_ssh_transport({"git", "127.0.0.1", server.port, "/repository"}, options, log);
}

std::string greeting_from(git::Transport& transport) {
  const auto said = transport.advertise(git::Service::upload_pack, git::Protocol::v2);
  std::string text(greeting.size(), '\0');
  text.resize(base::read_full(*said, text));
  return text;
}

}  // namespace

TEST_CASE("an SSH server that cannot be asked for version 2 can be read from all the same") {
  using Manner = SshServer::Manner;
  const auto manner = GENERATE(Manner::polite, Manner::mute, Manner::hangs_up_at_variable);
  const SshServer server(manner);
  CapturedLog log;
  const auto transport = way_to(server, log);
  CHECK(greeting_from(*transport) == greeting);
  CHECK(greeting_from(*transport) == greeting);
  if (manner == Manner::polite) return;  // Perhaps too late, on a busy machine.
  // What was found out once is not tried again.
  CHECK(server.connections == 3);
}

TEST_CASE("a connection over SSH does not stay open until the program ends") {
  const SshServer server(SshServer::Manner::polite);
  CapturedLog log;
  CHECK(greeting_from(*way_to(server, log)) == greeting);
  using namespace std::chrono_literals;
  for (int i = 0; i < 1000 && server.ended == 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(server.ended == 1);
}

TEST_CASE("a key that the server cannot take safely is not called unknown to it") {
  const SshServer server(SshServer::Manner::polite);
  CapturedLog log;
  const std::string key = rsa_key();
  CHECK(contains(message_of([&] { greeting_from(*way_to(server, log, key)); }),
                 "use an ed25519 key"));
}

TEST_CASE("a server that is stopped while somebody logs in is asked again") {
  const SshServer server(SshServer::Manner::hangs_up_at_login);
  CapturedLog log;
  CHECK_THROWS_AS(greeting_from(*way_to(server, log)), http::TransportError);
  CHECK(server.connections > 1);
}
