#pragma once
#include <sys/types.h>

#include <string>

#include "support/scratch_dir.hpp"

/// The registry program of the distribution project on a port of 127.0.0.1, where it is installed.
class DockerRegistry {
 public:
  enum class Tls { no, yes };
  enum class Password { no, yes };  ///< yes: user "user", password "pass:word".

  /// Whether the programs this needs (docker-registry, htpasswd, openssl) are there.
  static bool available();
  DockerRegistry(Tls tls, Password password);
  ~DockerRegistry();
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;

  std::string host() const;  ///< "localhost:PORT"
  std::string ca_certificate() const;

 private:
  void make_certificates();
  void start(const std::string& config);
  bool accepts_connections() const;

  ScratchDir directory_;
  unsigned port_ = 0;
  pid_t process_ = -1;
};
