#include "base/pattern.hpp"

#include <re2/re2.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace base {

struct Pattern::Impl {
  explicit Impl(std::string_view text)
      : expression(re2::StringPiece(text.data(), text.size()), RE2::Quiet) {}
  RE2 expression;
};

Pattern::Pattern(std::string_view text) : impl_(std::make_shared<Impl>(text)) {
  if (!impl_->expression.ok()) {
    throw Error(cat("not a regular expression (RE2 syntax): ", printable(text), ": ",
                    printable(impl_->expression.error())));
  }
}

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), impl_->expression);
}

}  // namespace base
