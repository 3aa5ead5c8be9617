#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace base {

enum class HashAlgorithm { sha1, sha256, sha512 };

/// A running hash by libcrypto, which uses the processor's own instructions. One object serves any
/// number of hashes in turn; it belongs to one thread.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void update(std::string_view bytes);
  /// The raw hash (20, 32 or 64 bytes); the object is ready for the next one.
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SHA-256 of `bytes` as 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace base
