#include "base/path_names.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace base {
namespace {

constexpr int max_links = 40;  // The kernel's own limit (path_resolution(7)).
/// Twice what one text can hold. So many links with the longest of texts would be hours of work for
/// a layer of a few megabytes whose entries all lie behind them.
constexpr size_t max_link_names = 4096;

}  // namespace

std::string_view PathNames::next() {
  std::string_view name;
  do {
    at_ = std::min(rest_.find_first_not_of('/', at_), rest_.size());
    const size_t end = std::min(rest_.find('/', at_), rest_.size());
    name = rest_.substr(at_, end - at_);
    at_ = end;
  } while (name == ".");
  return name;
}

bool PathNames::follow(std::string_view target) {
  link_names_ += 1 + static_cast<size_t>(std::count(target.begin(), target.end(), '/'));
  if (++links_ > max_links || link_names_ > max_link_names) return false;
  expanded_ = cat(target, "/", rest_.substr(at_));
  rest_ = expanded_;
  at_ = 0;
  return true;
}

}  // namespace base
