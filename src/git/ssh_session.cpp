#include "git/ssh_session.hpp"

#include <libssh/libssh.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "git/known_hosts.hpp"
#include "git/server_words.hpp"
#include "git/ssh_keys.hpp"
#include "git/tcp_connect.hpp"

namespace git {
namespace {

using base::cat;
using base::Error;
using Clock = std::chrono::steady_clock;

constexpr long connect_timeout_seconds = 30;
/// Any server that answers a request for a variable does so at once.
constexpr long version_timeout_seconds = 3;
constexpr int poll_interval_ms = 250;
constexpr unsigned usual_port = 22;
constexpr const char* stand_in = "host-in-uri.invalid";
constexpr std::chrono::minutes reply_timeout{15};

/// The library leaves a socket open that it was given (SSH_OPTIONS_FD). Where it has closed it
/// because the far side said goodbye, it does not know one any more.
void close_session(ssh_session_struct* session) {
  const base::UniqueFd socket(ssh_get_fd(session));
  ssh_disconnect(session);
  ssh_free(session);
}

using Session = base::Handle<ssh_session_struct, close_session>;
using SessionChannel = base::Handle<ssh_channel_struct, ssh_channel_free>;

std::string host_text(const SshAddress& address) {
  return address.port == usual_port ? address.host : cat('[', address.host, "]:", address.port);
}

class SshChannel : public Channel {
 public:
  SshChannel(const SshAddress& address, const RemoteOptions& options, const SshCommand& command)
      : where_(cat("ssh ", base::printable(host_text(address)))), session_(ssh_new()) {
    if (!session_) throw Error("start ssh: out of memory");
    connect(address, options);
    check_host_key(address, options);
    log_in(address, options);
    channel_.reset(ssh_channel_new(session_.get()));
    if (!channel_) fail("open a channel");
    complete("open a channel", [&] { return ssh_channel_open_session(channel_.get()); });
    if (command.protocol == Protocol::v2) ask_for_version_2();
    complete("start git",
             [&] { return ssh_channel_request_exec(channel_.get(), command.line.c_str()); });
  }

  Ready wait(bool want_write) override {
    const auto deadline = Clock::now() + reply_timeout;
    for (;;) {
      base::throw_if_cancelled();
      take_errors();
      const int available = ssh_channel_poll(channel_.get(), 0);
      const Ready ready{available > 0 || available == SSH_EOF || available == SSH_ERROR,
                        want_write && ssh_channel_window_size(channel_.get()) > 0};
      if (ready.readable || ready.writable) return ready;
      if (Clock::now() > deadline) {
        throw http::TransportError(http::TransportError::Cause::timeout,
                                   cat(where_, ": no answer for 15 minutes", what_was_said()));
      }
      wait_for_socket();
    }
  }

  size_t read(std::span<char> buffer) override {
    const int count = ssh_channel_read_nonblocking(
        channel_.get(), buffer.data(),
        static_cast<uint32_t>(std::min<size_t>(buffer.size(), 1U << 20U)), 0);
    if (count == SSH_ERROR) fail("read");
    return count > 0 ? static_cast<size_t>(count) : 0;
  }

  size_t write(std::string_view bytes) override {
    const uint32_t room = ssh_channel_window_size(channel_.get());
    const auto size = static_cast<uint32_t>(std::min<size_t>(bytes.size(), room));
    const int count = ssh_channel_write(channel_.get(), bytes.data(), size);
    if (count == SSH_ERROR) {
      // The far side has ended; what it had to say is read by the caller.
      if (ssh_channel_is_eof(channel_.get()) != 0) return bytes.size();
      fail("write");
    }
    return count > 0 ? static_cast<size_t>(count) : 0;
  }

  void end_writing() override { ssh_channel_send_eof(channel_.get()); }

  std::string errors() override {
    take_errors();
    return said_;
  }

 private:
  [[noreturn]] void fail(std::string_view doing) {
    const std::string reason = base::printable(ssh_get_error(session_.get()));
    const std::string message = cat(where_, ": ", doing, ": ", reason, what_was_said());
    // So does a server with too many connections hang up (sshd_config(5), MaxStartups).
    if (!reason.starts_with("Socket error")) throw Error(message);
    throw http::TransportError(http::TransportError::Cause::cut, message);
  }

  std::string what_was_said() const {
    ServerWords words;
    words.add(said_);
    return words.text().empty() ? "" : cat("; the server said: ", words.text());
  }

  template <class Value>
  void set(ssh_options_e option, const Value* value) {
    if (ssh_options_set(session_.get(), option, value) != SSH_OK) fail("set up");
  }

  void wait_for_socket() {
    const int flags = ssh_get_poll_flags(session_.get());
    pollfd fd{ssh_get_fd(session_.get()), POLLIN, 0};
    if ((flags & SSH_WRITE_PENDING) != 0) fd.events |= POLLOUT;
    ::poll(&fd, 1, poll_interval_ms);
  }

  /// Repeats a call of the non-blocking session until it has a result; nothing when that takes too
  /// long.
  template <class Action>
  std::optional<int> repeat_for(long seconds, int again, Action action) {
    const auto deadline = Clock::now() + std::chrono::seconds(seconds);
    int result = 0;
    while ((result = action()) == again) {
      base::throw_if_cancelled();
      if (Clock::now() > deadline) return std::nullopt;
      wait_for_socket();
    }
    return result;
  }

  template <class Action>
  int repeat(int again, std::string_view doing, Action action) {
    const auto result = repeat_for(connect_timeout_seconds, again, action);
    if (result) return *result;
    throw Error(cat(where_, ": ", doing, ": no answer within ", connect_timeout_seconds, " s"));
  }

  template <class Action>
  void complete(std::string_view doing, Action action) {
    if (repeat(SSH_AGAIN, doing, action) != SSH_OK) fail(doing);
  }

  void connect(const SshAddress& address, const RemoteOptions& options) {
    const int no = 0;
    // Nothing of the machine's own configuration: the source says everything.
    set(SSH_OPTIONS_PROCESS_CONFIG, &no);
    // The library refuses names that are none to RFC 1035, as with "_". It needs one for
    // known_hosts only.
    std::string name = address.host;
    if (ssh_options_set(session_.get(), SSH_OPTIONS_HOST, name.c_str()) != SSH_OK) {
      name = stand_in;
      set(SSH_OPTIONS_HOST, name.c_str());
    }
    set(SSH_OPTIONS_PORT, &address.port);
    set(SSH_OPTIONS_USER, address.user.c_str());
    const socket_t socket =
        base::with_context(where_, [&] { return open_socket(address, options); }).release();
    // From here on it is closed with the session.
    set(SSH_OPTIONS_FD, &socket);
    set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    set_known_hosts(known_hosts_lines(options.known_hosts, address.host, address.port, name));
    // As for ssh, a line without a port will do where none names this one.
    without_port_ = address.port != usual_port && !known_lines_.empty() &&
                    ssh_session_has_known_hosts_entry(session_.get()) != SSH_KNOWN_HOSTS_OK;
    if (without_port_) {
      set(SSH_OPTIONS_PORT, &usual_port);
      set_known_hosts(known_hosts_lines(options.known_hosts, address.host, std::nullopt, name));
    }
    ssh_set_blocking(session_.get(), 0);
    if (repeat(SSH_AGAIN, "connect", [&] { return ssh_connect(session_.get()); }) == SSH_OK) return;
    fail("connect");
  }

  void set_known_hosts(std::string lines) {
    known_lines_ = std::move(lines);
    // The library reads host keys from files only, and from them which key types to ask for.
    known_hosts_ = base::UniqueFd(::memfd_create("known_hosts", MFD_CLOEXEC));
    if (!known_hosts_) base::throw_errno("keep source.git.known_hosts in memory");
    base::write_all(known_hosts_.get(), known_lines_, "known_hosts");
    set(SSH_OPTIONS_KNOWNHOSTS, cat("/proc/self/fd/", known_hosts_.get()).c_str());
  }

  base::UniqueFd open_socket(const SshAddress& address, const RemoteOptions& options) {
    const std::chrono::seconds timeout(connect_timeout_seconds);
    if (!options.ssh_proxy) return tcp_connect(address.host, address.port, timeout);
    return base::with_context("source.git.https_tunnel", [&] {
      tunnel_.emplace(*options.ssh_proxy, address.host, address.port, timeout);
      return tunnel_->socket();
    });
  }

  /// A server that does not accept the variable (AcceptEnv) answers in version 0, which does, too.
  /// Some, such as Gogs' own, never say whether they do, which the library waits for before it asks
  /// for anything else, or hang up.
  void ask_for_version_2() {
    const std::string value(protocol_v2_text);
    const auto result = repeat_for(version_timeout_seconds, SSH_AGAIN, [&] {
      return ssh_channel_request_env(channel_.get(), "GIT_PROTOCOL", value.c_str());
    });
    if (!result || ssh_channel_is_open(channel_.get()) == 0) {
      throw VersionIgnored(cat(where_, ": no answer to GIT_PROTOCOL"));
    }
  }

  void check_host_key(const SshAddress& address, const RemoteOptions& options) {
    if (options.check_host_key == CheckHostKey::no) return;
    SshKey key;
    if (ssh_get_server_publickey(session_.get(), base::Out(key)) != SSH_OK) {
      fail("read the host key");
    }
    const std::string text = public_text(key.get());
    const std::string line = cat(host_text(address), ' ', text);
    const std::string fingerprint = fingerprint_of(key.get());
    if (known_lines_.empty() && !without_port_) {
      throw Error(cat(where_, ": the host key is not known, fingerprint ", fingerprint,
                      "; if it is right, put this line into source.git.known_hosts (or set "
                      "source.git.skip_host_key_check: true): ",
                      line));
    }
    if (is_revoked(known_lines_, text.substr(text.find(' ') + 1))) {
      throw Error(cat(where_, ": source.git.known_hosts says of the host key (", fingerprint,
                      ") that it is @revoked; somebody may be in between, or the host needs a new "
                      "key"));
    }
    const ssh_known_hosts_e known = ssh_session_is_known_server(session_.get());
    if (known == SSH_KNOWN_HOSTS_OK) return;
    // Another key for the host without the port is another server's.
    if (!without_port_ && (known == SSH_KNOWN_HOSTS_CHANGED || known == SSH_KNOWN_HOSTS_OTHER)) {
      throw Error(
          cat(where_, ": the host key (", fingerprint,
              ") is not the one in source.git.known_hosts; somebody may be in between, or the "
              "host has a new key: ",
              line));
    }
    throw Error(cat(where_,
                    ": source.git.known_hosts has no key for this host; its fingerprint is ",
                    fingerprint, "; if it is right, add: ", line));
  }

  void log_in(const SshAddress& address, const RemoteOptions& options) {
    const auto denied = [&](std::string_view what) {
      throw Error(cat(where_, ": login as ", base::printable(address.user), " refused: ", what));
    };
    const auto check = [&](int result, std::string_view refusal) {
      if (result == SSH_AUTH_SUCCESS) return;
      if (result == SSH_AUTH_DENIED) denied(refusal);
      if (result == SSH_AUTH_PARTIAL) {
        denied(
            "the server wants a second factor, which nobody can give here; use a user who logs "
            "in with one of source.git.private_key and source.git.password alone");
      }
      fail("log in");
    };
    if (options.private_key.empty()) {
      if (options.password.empty()) denied("set source.git.private_key");
      const std::string& password = options.password.reveal();
      check(
          repeat(SSH_AUTH_AGAIN, "log in",
                 [&] { return ssh_userauth_password(session_.get(), nullptr, password.c_str()); }),
          "source.git.password is wrong, or the server wants source.git.private_key");
      return;
    }
    const SshKey key = read_private_key(options);
    const int result = repeat(SSH_AUTH_AGAIN, "log in", [&] {
      return ssh_userauth_publickey(session_.get(), nullptr, key.get());
    });
    // The library's own list decided: the key was not even shown to the server.
    const std::string_view reason = ssh_get_error(session_.get());
    if (result == SSH_AUTH_DENIED && reason.find("not allowed to be used") != reason.npos) {
      denied(
          "the server takes no signatures of source.git.private_key but those with SHA-1, if any; "
          "use an ed25519 key");
    }
    check(result,
          "the server does not accept source.git.private_key; is its public half installed there?");
  }

  void take_errors() {
    std::array<char, 4096> buffer{};
    for (;;) {
      const int count =
          ssh_channel_read_nonblocking(channel_.get(), buffer.data(), buffer.size(), 1);
      if (count <= 0) return;
      if (said_.size() < 64 * 1024) said_.append(buffer.data(), static_cast<size_t>(count));
    }
  }

  std::string where_;
  std::string known_lines_;
  base::UniqueFd known_hosts_;
  bool without_port_ = false;           ///< Whether the host is looked for without its port there.
  std::optional<http::Tunnel> tunnel_;  // Outlives the session in it.
  Session session_;
  SessionChannel channel_;
  std::string said_;
};

}  // namespace

std::unique_ptr<Channel> open_ssh_channel(const SshAddress& address, const RemoteOptions& options,
                                          const SshCommand& command, base::Log& log) {
  log.debug(cat("ssh ", address.user, '@', host_text(address), ": ", command.line));
  return std::make_unique<SshChannel>(address, options, command);
}

}  // namespace git
