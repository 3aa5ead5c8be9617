#pragma once
#include <sys/types.h>

#include <string>

#include "base/handle.hpp"
#include "support/scratch_dir.hpp"

/// The registry program of the distribution project on a port of 127.0.0.1, where it is installed.
class DockerRegistry {
 public:
  enum class Tls { no, yes, mutual };  ///< mutual: with client certificates of the same CA.
  enum class Password { no, yes };     ///< yes: user "user", password "pass:word".

  /// Whether the programs this needs (docker-registry, htpasswd, openssl) are there.
  static bool available();
  DockerRegistry(Tls tls, Password password);
  ~DockerRegistry();
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;

  std::string host() const;  ///< "localhost:PORT"
  std::string ca_certificate() const { return pem("ca.crt"); }
  /// A directory that holds the CA under the name OpenSSL looks it up by.
  std::string hashed_directory() const;
  std::string client_certificate() const { return pem("client.crt"); }
  std::string client_key() const { return pem("client.key"); }

 private:
  void take_port();
  void make_certificates();
  void sign(const std::string& name, const std::string& subject, const std::string& extension);
  std::string pem(const std::string& name) const;
  void start(const std::string& config);
  bool accepts_connections() const;

  ScratchDir directory_;
  /// Keeps the port from being given to somebody else before the registry has it, which says
  /// SO_REUSEADDR and may bind it all the same.
  base::UniqueFd holder_;
  unsigned port_ = 0;
  pid_t process_ = -1;
};
