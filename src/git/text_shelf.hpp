#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "git/scratch_file.hpp"

namespace git {

/// Keeps texts in bounded memory: small ones up to a sum of 8 MiB there, the rest in a temporary
/// file.
class TextShelf {
 public:
  struct Place {
    uint64_t start = 0;
    uint64_t size = 0;
  };
  Place put(std::string_view text);
  /// An empty text in the file, to be extended.
  Place start();
  /// Puts a further part behind the text that was started last, before anything else is put.
  void extend(Place& place, std::string_view part);
  std::string get(const Place& place) const;
  /// Fills all of `buffer` with the text from `offset` on.
  void read(const Place& place, uint64_t offset, std::span<char> buffer) const;

 private:
  ScratchFile& file();

  std::string memory_;
  std::unique_ptr<ScratchFile> file_;
};

}  // namespace git
