#include "base/hash.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"

namespace base {
namespace {

const char* name_of(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha1:
      return "SHA1";
    case HashAlgorithm::sha256:
      return "SHA256";
    case HashAlgorithm::sha512:
      return "SHA512";
  }
  throw Error("unknown hash algorithm");
}

void check(int result, const char* doing) {
  if (result != 1) throw Error(cat(doing, ": libcrypto failed"));
}

}  // namespace

// The method is fetched once: an implicit fetch for each hash costs as much as a small file.
struct Hasher::Impl {
  Handle<EVP_MD, EVP_MD_free> method;
  Handle<EVP_MD_CTX, EVP_MD_CTX_free> context;
};

Hasher::Hasher(HashAlgorithm algorithm) : impl_(std::make_unique<Impl>()) {
  impl_->method.reset(EVP_MD_fetch(nullptr, name_of(algorithm), nullptr));
  impl_->context.reset(EVP_MD_CTX_new());
  if (!impl_->method || !impl_->context) throw Error(cat("libcrypto has no ", name_of(algorithm)));
  check(EVP_DigestInit_ex2(impl_->context.get(), impl_->method.get(), nullptr), "start a hash");
}

Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
  check(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()), "hash");
}

std::string Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned length = 0;
  check(EVP_DigestFinal_ex(impl_->context.get(), raw.data(), &length), "finish a hash");
  check(EVP_DigestInit_ex2(impl_->context.get(), nullptr, nullptr), "restart a hash");
  return std::string(raw.begin(), raw.begin() + length);
}

std::string sha256_hex(std::string_view bytes) {
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update(bytes);
  return to_hex(hasher.finish());
}

}  // namespace base
