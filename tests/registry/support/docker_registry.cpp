#include "registry/support/docker_registry.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/file.hpp"
#include "base/text.hpp"

using base::cat;

namespace {

void run(const std::string& command) {
  if (std::system(cat(command, " >/dev/null 2>&1").c_str()) != 0) {
    throw std::runtime_error(cat("failed: ", command));
  }
}

sockaddr_in loopback(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

}  // namespace

bool DockerRegistry::available() {
  return std::system("command -v docker-registry htpasswd openssl >/dev/null 2>&1") == 0;
}

DockerRegistry::DockerRegistry(Tls tls, Password password) {
  take_port();
  std::string config =
      cat("version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: ",
          (directory_ / "storage").string(), "}\nhttp:\n  addr: 127.0.0.1:", port_, "\n");
  if (tls != Tls::no) {
    make_certificates();
    config += cat("  tls:\n    certificate: ", (directory_ / "server.crt").string(),
                  "\n    key: ", (directory_ / "server.key").string(), "\n");
  }
  if (tls == Tls::mutual)
    config += cat("    clientcas: [", (directory_ / "ca.crt").string(), "]\n");
  if (password == Password::yes) {
    run(cat("htpasswd -Bbc ", (directory_ / "htpasswd").string(), " user pass:word"));
    config +=
        cat("auth:\n  htpasswd: {realm: test, path: ", (directory_ / "htpasswd").string(), "}\n");
  }
  start(config);
}

void DockerRegistry::make_certificates() {
  const std::string at = directory_.path().string() + "/";
  run(cat("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Private test CA' -keyout ",
          at, "ca.key -out ", at, "ca.crt"));
  sign("server", "the registry", "subjectAltName=DNS:localhost,IP:127.0.0.1");
  sign("client", "a client", "extendedKeyUsage=clientAuth");
}

void DockerRegistry::sign(const std::string& name, const std::string& subject,
                          const std::string& extension) {
  const std::string at = directory_.path().string() + "/";
  run(cat("openssl req -newkey rsa:2048 -nodes -subj '/CN=", subject, "' -keyout ", at, name,
          ".key -out ", at, name, ".csr"));
  std::ofstream(directory_ / "extension") << extension << "\n";
  run(cat("openssl x509 -req -days 2 -CA ", at, "ca.crt -CAkey ", at,
          "ca.key -CAcreateserial -extfile ", at, "extension -in ", at, name, ".csr -out ", at,
          name, ".crt"));
}

void DockerRegistry::take_port() {
  holder_ = base::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  const int yes = 1;
  if (setsockopt(holder_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(holder_.get(), generic, size) != 0 || getsockname(holder_.get(), generic, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  port_ = ntohs(address.sin_port);
}

void DockerRegistry::start(const std::string& config) {
  const std::string path = (directory_ / "config.yml").string();
  std::ofstream(path) << config;
  std::string program = "docker-registry";
  std::string verb = "serve";
  std::string argument = path;
  char* arguments[] = {program.data(), verb.data(), argument.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {1, 2}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
  }
  const int failed =
      posix_spawnp(&process_, "docker-registry", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start docker-registry");
  for (int i = 0; i < 500; ++i) {
    if (accepts_connections()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("docker-registry does not come up");
}

bool DockerRegistry::accepts_connections() const {
  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(port_);
  return connect(fd.get(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) ==
         0;
}

DockerRegistry::~DockerRegistry() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

std::string DockerRegistry::hashed_directory() const {
  const std::string at = directory_.path().string() + "/";
  run(cat("mkdir -p ", at, "hashed && cp ", at, "ca.crt ", at,
          "hashed/$(openssl x509 -hash -noout ", "-in ", at, "ca.crt).0"));
  return at + "hashed";
}

std::string DockerRegistry::host() const {
  return cat("localhost:", port_);
}

std::string DockerRegistry::pem(const std::string& name) const {
  return base::read_small_file((directory_ / name).string(), 1U << 20U).value_or("");
}
