#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/entry.hpp"

namespace git {

/// A large blob that a delta builds on, for one thread. Short pieces come out of the block that was
/// read last: a delta may copy millions of them, and each read opens a file.
class BaseBlocks : public base::Content {
 public:
  /// `count` learns of all bytes that are read, and may throw.
  using Count = std::function<void(uint64_t bytes)>;
  BaseBlocks(std::shared_ptr<const base::Content> content, uint64_t size, Count count)
      : content_(std::move(content)), size_(size), count_(std::move(count)) {}

  void read_at(uint64_t offset, std::span<char> buffer) const override;

 private:
  std::shared_ptr<const base::Content> content_;
  uint64_t size_;
  Count count_;
  mutable std::string block_;
  mutable uint64_t start_ = 0;  ///< Of the block.
};

}  // namespace git
