#include "base/rooted_walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/path_names.hpp"

namespace base::detail {
namespace {

UniqueFd open_at(int directory, const char* name, int flags) {
  for (;;) {
    UniqueFd fd(::openat(directory, name, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd || errno != EINTR) return fd;
  }
}

/// The text of the link `name`, or nothing with errno EINVAL when it is something else.
std::optional<std::string> link_text(int directory, const std::string& name) {
  std::string text(PATH_MAX, '\0');
  const ssize_t length = ::readlinkat(directory, name.c_str(), text.data(), text.size());
  if (length < 0) return std::nullopt;
  text.resize(static_cast<size_t>(length));
  return text;
}

bool same_directory(int a, int b) {
  struct stat first {
  }, second{};
  if (::fstat(a, &first) != 0 || ::fstat(b, &second) != 0) throw_errno("inspect a directory");
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

class Walk {
 public:
  Walk(int root, std::string_view path, const RootedDir::MakeDirectory* make)
      : root_(root), make_(make), names_(path) {}

  UniqueFd run() {
    if (!back_to_root()) return {};
    for (std::string name(names_.next()); !name.empty(); name = names_.next()) {
      if (!(name == ".." ? up() : down(name))) return {};
    }
    return open_at(current_.get(), ".", O_RDONLY);
  }

 private:
  bool enter(UniqueFd next) {
    if (!next) return false;
    current_ = std::move(next);
    return true;
  }

  bool back_to_root() { return enter(open_at(root_, ".", O_PATH)); }

  bool up() {
    if (same_directory(current_.get(), root_)) return true;
    return enter(open_at(current_.get(), "..", O_PATH));
  }

  bool down(const std::string& name) {
    if (enter(open_at(current_.get(), name.c_str(), O_PATH))) return true;
    // A link is reported as ENOTDIR because of O_DIRECTORY.
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return false;
    const bool exists = errno != ENOENT;
    if (exists) {
      if (const auto target = link_text(current_.get(), name)) return follow(*target);
      if (errno != EINVAL) return false;
    }
    if (make_ != nullptr) {
      (*make_)(current_.get(), name, exists);
      return enter(open_at(current_.get(), name.c_str(), O_PATH));
    }
    errno = exists ? ENOTDIR : ENOENT;
    return false;
  }

  bool follow(const std::string& target) {
    if (!names_.follow(target)) {
      errno = ELOOP;
      return false;
    }
    return target.starts_with('/') ? back_to_root() : true;
  }

  int root_;
  const RootedDir::MakeDirectory* make_;
  PathNames names_;
  UniqueFd current_;
};

}  // namespace

UniqueFd walk_to_directory(int root, std::string_view path, const RootedDir::MakeDirectory* make) {
  return Walk(root, path, make).run();
}

}  // namespace base::detail
