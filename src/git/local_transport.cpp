#include "git/local_transport.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "git/channel.hpp"

namespace git {
namespace {

using base::cat;
using base::UniqueFd;

constexpr int poll_interval_ms = 250;
constexpr int reap_interval_ms = 10;
constexpr int most_reap_ms = 1000;
constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Pipe {
  UniqueFd out, in;  ///< What is written to `in` is read from `out`.
};

Pipe make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) base::throw_errno("make a pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void make_nonblocking(const UniqueFd& fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) base::throw_errno("set up a pipe");
}

/// The child's environment: ours, with what git cannot do without.
std::vector<std::string> child_environment(Protocol protocol) {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    // GIT_DIR and the like would point the child at another repository, and of two variables of a
    // name it may take the first.
    if (text.starts_with("GIT_") || text.starts_with("LC_ALL=") || text.starts_with("LANGUAGE=")) {
      continue;
    }
    variables.emplace_back(text);
  }
  if (std::getenv("PATH") == nullptr) variables.push_back(cat("PATH=", usual_path));
  if (std::getenv("HOME") == nullptr) variables.emplace_back("HOME=/");
  variables.emplace_back("LC_ALL=C.UTF-8");
  if (protocol == Protocol::v2) variables.push_back(cat("GIT_PROTOCOL=", protocol_v2_text));
  return variables;
}

/// A git service running as a child process.
class ChildChannel : public Channel {
 public:
  ChildChannel(const std::string& program, const std::string& path, Protocol protocol)
      : name_(program) {
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) base::throw_errno("start git");
    posix_spawn_file_actions_adddup2(&actions, input.out.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.in.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.in.get(), STDERR_FILENO);
    std::string program_text = program;
    std::string path_text = path;
    std::array<char*, 3> arguments = {program_text.data(), path_text.data(), nullptr};
    std::vector<std::string> variables = child_environment(protocol);
    std::vector<char*> environment;
    environment.reserve(variables.size() + 1);
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    const int result = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(),
                                   environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (result != 0) {
      pid_ = -1;
      base::throw_errno(cat("start ", program), result);
    }
    to_child_ = std::move(input.in);
    from_child_ = std::move(output.out);
    errors_ = std::move(errors.out);
    for (const UniqueFd* fd : {&to_child_, &from_child_, &errors_}) make_nonblocking(*fd);
  }

  ~ChildChannel() override {
    if (pid_ < 0) return;
    to_child_.reset();
    from_child_.reset();
    ::kill(pid_, SIGTERM);
    reap();
  }

  Ready wait(bool want_write) override {
    for (;;) {
      base::throw_if_cancelled();
      std::array<pollfd, 3> fds = {{{from_child_.get(), POLLIN, 0},
                                    {errors_.get(), POLLIN, 0},
                                    {want_write ? to_child_.get() : -1, POLLOUT, 0}}};
      if (::poll(fds.data(), fds.size(), poll_interval_ms) < 0) {
        if (errno == EINTR) continue;
        base::throw_errno("wait for git");
      }
      if (fds[1].revents != 0) take_errors();
      const Ready ready{fds[0].revents != 0, fds[2].revents != 0};
      if (ready.readable || ready.writable) return ready;
    }
  }

  size_t read(std::span<char> buffer) override {
    const ssize_t count = ::read(from_child_.get(), buffer.data(), buffer.size());
    if (count < 0) base::throw_errno(cat("read from ", name_));
    return static_cast<size_t>(count);
  }

  size_t write(std::string_view bytes) override {
    const ssize_t count = ::write(to_child_.get(), bytes.data(), bytes.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN || errno == EINTR) return 0;
    // The child has ended; what it had to say stands in its output.
    if (errno == EPIPE) return bytes.size();
    base::throw_errno(cat("write to ", name_));
  }

  void end_writing() override { to_child_.reset(); }

  std::string errors() override {
    take_errors();
    return said_;
  }

 private:
  void take_errors() {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t count = errors_ ? ::read(errors_.get(), buffer.data(), buffer.size()) : 0;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        errors_.reset();
        return;
      }
      if (said_.size() < 64 * 1024) said_.append(buffer.data(), static_cast<size_t>(count));
    }
  }

  /// The pipes are closed and SIGTERM is sent, so that it ends soon; a program that does not is
  /// killed.
  void reap() {
    int status = 0;
    for (int waited_ms = 0; ::waitpid(pid_, &status, WNOHANG) == 0; waited_ms += reap_interval_ms) {
      if (waited_ms >= most_reap_ms) ::kill(pid_, SIGKILL);
      ::poll(nullptr, 0, reap_interval_ms);
    }
    pid_ = -1;
  }

  std::string name_;
  pid_t pid_ = -1;
  UniqueFd to_child_;
  UniqueFd from_child_;
  UniqueFd errors_;
  std::string said_;
};

/// The full path of `program` in PATH or the usual directories; "" when it is not installed.
std::string find_program(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const std::string& directories :
       {std::string(path == nullptr ? "" : path), std::string(usual_path)}) {
    for (const std::string_view directory : base::split(directories, ':')) {
      if (!directory.starts_with('/')) continue;
      std::string candidate = cat(directory, '/', program);
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return "";
}

}  // namespace

std::unique_ptr<Transport> open_local_transport(const std::string& path) {
  const std::string upload = find_program("git-upload-pack");
  const std::string receive = find_program("git-receive-pack");
  if (upload.empty() || receive.empty()) return nullptr;
  return std::make_unique<ChannelTransport>([=](Service service, Protocol protocol) {
    return std::make_unique<ChildChannel>(service == Service::upload_pack ? upload : receive, path,
                                          protocol);
  });
}

}  // namespace git
