#pragma once
#include "base/hash.hpp"
#include "base/stream.hpp"
#include "lfs/batch.hpp"

namespace lfs {

/// Passes bytes on and compares their number and SHA-256 with those of an object.
class CheckedSource : public base::ByteSource {
 public:
  /// Both must outlive this.
  CheckedSource(const Object& object, base::ByteSource& bytes)
      : object_(object), bytes_(bytes), hasher_(base::HashAlgorithm::sha256) {}

  /// Error as soon as there are more bytes than there should be.
  size_t read(std::span<char> buffer) override;
  /// Reads what is left; Error when not all was right.
  void finish();

 private:
  const Object& object_;
  base::ByteSource& bytes_;
  base::Hasher hasher_;
  uint64_t count_ = 0;
};

}  // namespace lfs
