#include "rootfs/whiteout.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

constexpr std::string_view opaque_name = ".wh..wh..opq";
constexpr std::string_view aufs_prefix = ".wh..wh.";

/// Removes all but what the layer at hand wrote.
class Hider : public Visitor {
 public:
  Hider(LayerMarks& marks, const PendingDirectories& known) : marks_(marks), known_(known) {}

  void other(int parent, const DirectoryId& id, const std::string& name) override {
    base::throw_if_cancelled();
    if (!marks_.is_own_entry(id, name)) remove(parent, name);
  }

  bool enter(int parent, const std::string& name) override {
    base::throw_if_cancelled();
    const base::UniqueFd directory = open_child(parent, name);
    if (!directory) base::throw_errno(base::cat("open \"", base::excerpt(name), "\""));
    const DirectoryId id = directory_id(directory.get());
    if (!marks_.is_used(id)) {
      known_.expect(id);
      remove(parent, name);
      return false;
    }
    return !marks_.is_made(id) && marks_.emptied_directory(id);
  }

  bool removed() const { return removed_; }

 private:
  void remove(int parent, const std::string& name) {
    remove_entry(parent, name);
    removed_ = true;
  }

  LayerMarks& marks_;
  const PendingDirectories& known_;
  bool removed_ = false;
};

}  // namespace

Marker marker_of(std::string_view path) {
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (!part.starts_with(marker_prefix)) continue;
    const bool is_last = end == path.size();
    if (part == opaque_name && is_last) return Marker::opaque;
    if (part.starts_with(aufs_prefix)) return Marker::aufs;
    const std::string hidden = hidden_name(part);
    if (hidden.empty() || hidden == "." || hidden == "..") {
      throw base::Error("a whiteout that names no entry");
    }
    if (!is_last) throw base::Error("an entry below a whiteout");
    return Marker::whiteout;
  }
  return Marker::none;
}

std::string hidden_name(std::string_view whiteout) {
  return std::string(whiteout.substr(marker_prefix.size()));
}

bool hide_entry(const Parent& parent, const std::string& name, LayerMarks& marks,
                const PendingDirectories& known) {
  if (!marks.has_lower()) return false;
  struct stat status {};
  if (::fstatat(parent.fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENAMETOOLONG) return false;
    base::throw_errno("inspect what a whiteout hides");
  }
  Hider hider(marks, known);
  if (!S_ISDIR(status.st_mode)) {
    hider.other(parent.fd, parent.id, name);
  } else if (hider.enter(parent.fd, name)) {
    const base::UniqueFd directory = open_child(parent.fd, name);
    if (!directory) base::throw_errno("open what a whiteout hides");
    walk(directory.get(), hider);
  }
  return hider.removed();
}

bool hide_children(const Parent& directory, LayerMarks& marks, const PendingDirectories& known) {
  if (marks.is_made(directory.id) || !marks.emptied_directory(directory.id)) return false;
  Hider hider(marks, known);
  walk(directory.fd, hider);
  return hider.removed();
}

}  // namespace rootfs
