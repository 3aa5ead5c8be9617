#pragma once
#include <string>

#include "base/staged_content.hpp"

namespace git {

/// A written file that may move into a tree. One thread may use it.
class StagedFile : public base::StagedContent {
 public:
  explicit StagedFile(std::string path) : path_(std::move(path)) {}

  void read_at(uint64_t offset, std::span<char> buffer) const override;
  int move_to(int parent, const std::string& name, const std::string& path) const override;
  void stands_at(const std::string& /*path*/) const override {}

 private:
  mutable std::string path_;
  mutable bool moved_ = false;
};

/// Fills `buffer` from the file at `path`, a link in the place of which is refused.
void read_file_at(const std::string& path, uint64_t offset, std::span<char> buffer);

}  // namespace git
