#pragma once
#include <string>
#include <string_view>

#include "git/packed_content.hpp"

namespace git {

/// A commit as a pack entry that builds on a commit the receiver has (gitformat-pack,
/// OBJ_REF_DELTA), though it takes nothing from it. A pack with such an entry is thin.
class ThinCommit : public PackedContent {
 public:
  /// `text` is the commit's; `base` names the commit to build on, whose text has `base_size` bytes.
  ThinCommit(const Oid& id, std::string_view text, const Oid& base, uint64_t base_size);

  const Oid& id() const override { return id_; }
  uint64_t packed_size() const override { return entry_.size(); }
  void read_packed(uint64_t offset, std::span<char> buffer) const override;
  void read_at(uint64_t offset, std::span<char> buffer) const override;

 private:
  Oid id_;
  std::string text_;
  std::string entry_;
};

}  // namespace git
