#include "base/hash.hpp"

#include "base/text.hpp"
#include "support/catch.hpp"

using base::HashAlgorithm;
using base::Hasher;

namespace {

std::string hash(HashAlgorithm algorithm, std::string_view bytes) {
  Hasher hasher(algorithm);
  hasher.update(bytes);
  return base::to_hex(hasher.finish());
}

}  // namespace

TEST_CASE("hashes are those of FIPS 180-4") {
  CHECK(hash(HashAlgorithm::sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hash(HashAlgorithm::sha1, "") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(hash(HashAlgorithm::sha256, "abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(base::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash(HashAlgorithm::sha512, "abc") ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("bytes may come in pieces of any size") {
  Hasher hasher(HashAlgorithm::sha256);
  const std::string million(1'000'000, 'a');
  for (size_t at = 0, step = 1; at < million.size(); at += step, step = step * 3 % 10'007) {
    hasher.update(std::string_view(million).substr(at, step));
  }
  CHECK(base::to_hex(hasher.finish()) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("one hash does not leak into the next") {
  Hasher hasher(HashAlgorithm::sha1);
  hasher.update("something else");
  hasher.finish();
  hasher.update("abc");
  CHECK(base::to_hex(hasher.finish()) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(base::to_hex(hasher.finish()) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}
