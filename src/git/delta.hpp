#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/entry.hpp"
#include "base/stream.hpp"

namespace git {

/// What a delta builds on: bytes in memory, or a content where that is set.
struct DeltaBase {
  std::string_view bytes{};
  const base::Content* content = nullptr;
};

/// Instructions that make an object out of another one (gitformat-pack, Deltified representation).
/// Error on anything broken, or when a copy reaches beyond the base.
class Delta {
 public:
  /// Instructions in memory; they must outlive the object.
  explicit Delta(std::string_view instructions);
  /// Instructions that are read piece by piece while they are followed.
  explicit Delta(base::ByteSource& instructions);

  uint64_t base_size() const { return base_size_; }      ///< As the delta says.
  uint64_t result_size() const { return result_size_; }  ///< As the delta says.
  /// Writes the object, exactly result_size() bytes; to be called once.
  void apply(const DeltaBase& base, base::ByteSink& out);

 private:
  bool at_end();
  uint8_t byte();
  uint64_t number();
  void insert(size_t size, base::ByteSink& out);
  void copy(uint8_t operation, const DeltaBase& base, base::ByteSink& out);

  base::ByteSource* source_ = nullptr;
  std::string buffer_;
  std::string_view window_;
  uint64_t base_size_ = 0;
  uint64_t result_size_ = 0;
  uint64_t left_ = 0;
  std::string piece_;
};

}  // namespace git
