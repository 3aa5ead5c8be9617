#pragma once
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/handle.hpp"

namespace git {

/// An unnamed temporary file, gone with the object; may be used from several threads.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& directory);
  /// In the directory for temporary files: $TMPDIR, else /tmp.
  ScratchFile();

  /// Puts `bytes` behind what is there; returns where.
  uint64_t append(std::string_view bytes);
  /// Fills all of `buffer` from `offset`; Error where nothing was written.
  void read(uint64_t offset, std::span<char> buffer) const;

 private:
  uint64_t reserve(size_t size);

  std::string directory_;  ///< For messages.
  base::UniqueFd fd_;
  std::mutex mutex_;
  uint64_t end_ = 0;
};

}  // namespace git
