#include "git/ssh_keys.hpp"

#include <libssh/libssh.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace git {
namespace {

using base::Error;
using Text = base::Handle<char, ssh_string_free_char>;

}  // namespace

void free_key(ssh_key_struct* key) {
  ssh_key_free(key);
}

SshKey read_private_key(const RemoteOptions& options) {
  const std::string& passphrase = options.private_key_passphrase.reveal();
  // The text often loses its final line feed on the way through YAML.
  const std::string text = options.private_key.reveal() + "\n";
  SshKey key;
  // A callback in place of a prompt: a wrong passphrase must fail, not ask the terminal.
  const auto no_prompt = [](const char*, char*, size_t, int, int, void*) noexcept { return -1; };
  if (ssh_pki_import_privkey_base64(text.c_str(), passphrase.empty() ? nullptr : passphrase.c_str(),
                                    no_prompt, nullptr, base::Out(key)) != SSH_OK) {
    throw Error(passphrase.empty()
                    ? "source.git.private_key cannot be read: not a private key, or it needs "
                      "source.git.private_key_passphrase"
                    : "source.git.private_key cannot be read: not a private key, or "
                      "source.git.private_key_passphrase is wrong");
  }
  // Some forms are read of which the library cannot make a login, ed25519 in PKCS#8 among them.
  Text encoded;
  if (ssh_pki_export_pubkey_base64(key.get(), base::Out(encoded)) != SSH_OK) {
    throw Error(
        "source.git.private_key cannot be used in the form it is in; write it as OpenSSH does, or "
        "make a new one: ssh-keygen -t ed25519");
  }
  return key;
}

std::string public_text(ssh_key_struct* key) {
  Text encoded;
  if (ssh_pki_export_pubkey_base64(key, base::Out(encoded)) != SSH_OK) {
    throw Error("the host key cannot be read");
  }
  return base::cat(ssh_key_type_to_char(ssh_key_type(key)), ' ', encoded.get());
}

bool is_public_key(std::string_view text) {
  const std::string type(text.substr(0, text.find(' ')));
  const std::string_view rest = base::trim(text.substr(type.size()));
  const std::string encoded(rest.substr(0, rest.find(' ')));
  SshKey key;
  return ssh_pki_import_pubkey_base64(encoded.c_str(), ssh_key_type_from_name(type.c_str()),
                                      base::Out(key)) == SSH_OK;
}

std::string fingerprint_of(ssh_key_struct* key) {
  unsigned char* raw = nullptr;
  size_t size = 0;
  if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &raw, &size) != 0) {
    throw Error("the host key cannot be read");
  }
  const Text text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, raw, size));
  ssh_clean_pubkey_hash(&raw);
  return text ? text.get() : "unknown";
}

bool is_revoked(std::string_view known_hosts, std::string_view key) {
  for (const std::string_view line : base::split(known_hosts, '\n')) {
    // The library passes over lines with a marker.
    if (base::trim(line).starts_with("@revoked") && line.find(key) != line.npos) return true;
  }
  return false;
}

}  // namespace git
