#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/handle.hpp"

namespace git {

/// A new file, written from front to back; runs of zeros become holes. It is removed again unless
/// finish() is reached. Mode 0644, which most files will have.
class StagedWriter {
 public:
  /// Nothing may stand at `path`; the file will have `size` bytes.
  StagedWriter(std::string path, uint64_t size);
  ~StagedWriter();
  StagedWriter(const StagedWriter&) = delete;
  StagedWriter& operator=(const StagedWriter&) = delete;

  void write(std::string_view bytes);
  void finish();

 private:
  std::string path_;
  uint64_t size_;
  base::UniqueFd fd_;
  uint64_t offset_ = 0;
  bool ends_in_hole_ = false;
  bool finished_ = false;
};

}  // namespace git
