#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/staged_content.hpp"

namespace git {

/// The bytes of blobs between a pack and the files they are for: in memory at first, so that
/// whoever follows closely can write them from there; beyond 4 MiB of those, the oldest go into
/// files. One thread adds, another one may use what is there.
class HeldBlobs {
 public:
  struct Held;  ///< One of them; stays at its place.

  /// `directory` must exist and be empty; files that nobody takes stay there.
  explicit HeldBlobs(const std::string& directory);
  ~HeldBlobs();

  /// Waits for room while those held are being used, unless let_user_wait() said that the user
  /// waits for more.
  Held* add(std::string bytes);
  /// A file for a blob that is written in pieces, with path_of() as its name.
  uint32_t reserve();
  std::string path_of(uint32_t file) const;
  /// Takes over a reserved file, which is complete.
  Held* add_file(uint32_t file);

  std::shared_ptr<const base::StagedContent> content(Held& blob);
  /// How many bytes are in memory now, besides those on their way to a file.
  size_t in_memory() const;
  /// Whether the one who uses the blobs waits for some that did not come yet.
  void let_user_wait(bool waits);

 private:
  struct Impl;
  class View;
  std::unique_ptr<Impl> impl_;
};

}  // namespace git
