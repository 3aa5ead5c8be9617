#pragma once
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.hpp"
#include "base/stream.hpp"

namespace oci {

/// A content digest "sha256:<64 hex>" or "sha512:<128 hex>" (image-spec descriptor.md, Digests).
/// Only parse() makes one, so it is safe as part of a URL or a file name.
class Digest {
 public:
  static Digest parse(std::string_view text);  ///< Error when malformed or of another algorithm.
  static std::optional<Digest> try_parse(std::string_view text);
  /// Whether `text` is a well-formed digest of an algorithm other than these two.
  static bool is_of_other_algorithm(std::string_view text);
  static Digest of(std::string_view bytes);  ///< SHA-256 of `bytes`.

  base::HashAlgorithm algorithm() const { return algorithm_; }
  const std::string& hex() const { return hex_; }
  std::string text() const;
  std::string short_text() const;  ///< "sha256:" and 12 digits, for logs.
  auto operator<=>(const Digest&) const = default;

 private:
  Digest(base::HashAlgorithm algorithm, std::string hex)
      : algorithm_(algorithm), hex_(std::move(hex)) {}
  base::HashAlgorithm algorithm_;
  std::string hex_;
};

/// Where a layout has a blob: "blobs/sha256/<64 hex>" (image-spec image-layout.md, Blobs).
std::string blob_path(const Digest& digest);

/// Passes a stream on while hashing it. Never reads more than the expected size plus one byte; size
/// and digest are compared when the end is reached, and a mismatch is an Error.
class VerifiedSource : public base::ByteSource {
 public:
  /// `size` may be unknown (diff_ids have none). Errors begin with `name`, if there is one.
  VerifiedSource(std::unique_ptr<base::ByteSource> source, Digest expected,
                 std::optional<uint64_t> size, std::string name = "");
  size_t read(std::span<char> buffer) override;

 private:
  [[noreturn]] void fail(std::string message);

  std::unique_ptr<base::ByteSource> source_;
  Digest expected_;
  std::optional<uint64_t> size_;
  std::string name_;
  base::Hasher hasher_;
  uint64_t count_ = 0;
  bool verified_ = false;
  std::string failure_;  // Kept for a reader that goes on in spite of it.
};

}  // namespace oci
