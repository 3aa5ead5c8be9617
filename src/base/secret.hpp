#pragma once
#include <string>
#include <utility>

namespace base {

/// Text that must not be printed: it has no stream operator and must be asked for by name.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace base
