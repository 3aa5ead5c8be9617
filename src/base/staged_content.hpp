#pragma once
#include <string>

#include "base/entry.hpp"

namespace base {

/// Content that stands in a file of its own already. Whoever wants the content as a file may take
/// this one instead of copying it.
class StagedContent : public Content {
 public:
  /// Where the file can be taken from by renaming it; "" when it was taken.
  virtual std::string available() const = 0;
  /// To be called after the file was renamed to `path`.
  virtual void taken(const std::string& path) const = 0;
};

}  // namespace base
