#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace git {

/// Numbered files in a directory, written by a thread of their own.
class StagedFiles {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  /// `directory` must exist and be empty.
  explicit StagedFiles(std::string directory);
  ~StagedFiles();

  /// Makes a file of `content`; answers its number. Waits while the thread is 4 MiB behind. What
  /// goes wrong there is thrown by a later call of this, find() or wait_for().
  uint32_t add(Bytes content);
  /// A number, and with path_of() a name, for a file that the caller writes.
  uint32_t reserve() { return count_++; }
  std::string path_of(uint32_t number) const;

  /// The bytes of a file that is not written yet, else null; from any thread.
  Bytes find(uint32_t number) const;
  /// Returns once the file is written; from any thread.
  void wait_for(uint32_t number) const;

 private:
  class Writing;
  std::string directory_;
  uint32_t count_ = 0;
  std::unique_ptr<Writing> writing_;
};

}  // namespace git
