#pragma once

#include <string>
#include <string_view>

namespace base {

/// The names of a path one by one, with the texts of links put in their place, as the kernel goes
/// through them (path_resolution(7)). "" and "." are no names.
class PathNames {
 public:
  /// `path` must outlive this.
  explicit PathNames(std::string_view path) : rest_(path) {}
  PathNames(const PathNames&) = delete;
  PathNames& operator=(const PathNames&) = delete;

  /// The next name, valid until a link is followed; "" at the end.
  std::string_view next();
  /// Goes on with the text of a link, and behind that where it stood; false when there were more
  /// links than the kernel follows, or more than 4,096 names in their texts.
  bool follow(std::string_view target);

 private:
  std::string_view rest_;
  std::string expanded_;  ///< What rest_ looks at once a link was followed.
  size_t at_ = 0;
  int links_ = 0;
  size_t link_names_ = 0;
};

}  // namespace base
