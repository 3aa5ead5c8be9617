#pragma once
#include <string>
#include <utility>

#include "rootfs/tree.hpp"

namespace rootfs {

/// A directory that is removed with everything in it at the end, unless it is kept. Somebody else
/// makes it.
class TemporaryTree {
 public:
  explicit TemporaryTree(std::string path) : path_(std::move(path)) {}
  ~TemporaryTree() {
    if (path_.empty()) return;
    try {
      remove_tree(path_);
    } catch (const std::exception&) {
      // Often on the way of another failure, which is the one to report.
    }
  }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;

  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }
  /// Removes it now. Where all else went well, what cannot be removed is a failure of its own.
  void remove() { remove_tree(std::exchange(path_, {})); }

 private:
  std::string path_;
};

}  // namespace rootfs
