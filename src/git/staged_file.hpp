#pragma once
#include <string>

#include "base/staged_content.hpp"

namespace git {

/// A written file that may move into a tree. One thread may use it.
class StagedFile : public base::StagedContent {
 public:
  explicit StagedFile(std::string path) : path_(std::move(path)) {}

  void read_at(uint64_t offset, std::span<char> buffer) const override;
  int move_to(int parent, const std::string& name, const Place& place) const override;
  void stands_at(const Place& /*place*/) const override {}

 private:
  mutable std::string path_;
  mutable const base::RootedDir* tree_ = nullptr;  ///< That it has moved into.
};

/// Fills `buffer` from the file at `path`, a link in the place of which is refused.
void read_file_at(const std::string& path, uint64_t offset, std::span<char> buffer);
/// The same for a file in a tree, however long its path is.
void read_file_at(const base::RootedDir& tree, const std::string& path, uint64_t offset,
                  std::span<char> buffer);

}  // namespace git
