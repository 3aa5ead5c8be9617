#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/staged_content.hpp"

namespace git {

/// Files for blobs on their way into a tree: whoever puts one there may take its file.
class StagedFiles {
 public:
  /// `directory` must exist and be empty; files that nobody takes stay there.
  explicit StagedFiles(std::string directory);
  ~StagedFiles();

  /// Makes a file of `content`; answers its number. Another thread writes it; this waits while
  /// that is 8 MiB behind. What goes wrong there is thrown by a later call of any method.
  uint32_t add(std::string content);
  /// A number, and with path_of() a name, for a file that the caller writes before it is used.
  uint32_t reserve();
  std::string path_of(uint32_t number) const;
  /// To read or to take a file; must not outlive this.
  std::shared_ptr<const base::StagedContent> content(uint32_t number) const;

 private:
  class Writing;
  class File;
  std::string directory_;
  /// By number: where a file is that was taken, else "".
  mutable std::vector<std::string> taken_;
  std::unique_ptr<Writing> writing_;
};

}  // namespace git
