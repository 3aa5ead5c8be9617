#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/handle.hpp"

namespace base {

/// A directory as the root of all paths used with it: symbolic links and ".." resolve inside, as
/// after chroot. Uses openat2(RESOLVE_IN_ROOT) and, where the kernel or a seccomp profile lacks it,
/// a walk component by component.
class RootedDir {
 public:
  enum class Openat2 { probe, never };  ///< never: for tests of the fall-back.

  /// Asked for each component that is missing or (`exists`) no directory: makes it one, or throws.
  using MakeDirectory = std::function<void(int parent, const std::string& name, bool exists)>;

  static RootedDir open(const std::string& path, Openat2 openat2 = Openat2::probe);

  int fd() const { return fd_.get(); }
  /// The directory `path` leads to, following links inside the root; fd -1 when it does not exist
  /// or is no directory. "" is the root.
  UniqueFd open_directory(std::string_view path) const;
  /// The same, but calls `make` where the path or a link on it leads to nothing or to a file.
  UniqueFd make_directories(std::string_view path, const MakeDirectory& make) const;
  /// A regular file for reading, its own name not followed if it is a link. Any path length.
  /// Error naming the path when it is missing or of another kind.
  UniqueFd open_file(std::string_view path) const;
  /// The same, but fd -1 when there is nothing of that name.
  UniqueFd find_file(std::string_view path) const;

 private:
  RootedDir(UniqueFd fd, bool has_openat2) : fd_(std::move(fd)), has_openat2_(has_openat2) {}
  /// -1 with errno set when it cannot be opened.
  UniqueFd resolve(std::string_view path, int flags) const;

  UniqueFd fd_;
  bool has_openat2_;
};

}  // namespace base
