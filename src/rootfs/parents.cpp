#include "rootfs/parents.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {

Parents::Parents(const base::RootedDir& root, LayerMarks& marks, PendingDirectories& pending,
                 AttributeWriter& attributes, TreeSummary& summary)
    : root_(root),
      marks_(marks),
      pending_(pending),
      attributes_(attributes),
      summary_(summary),
      root_id_(directory_id(root.fd())) {
  pending_.set(root_id_, {});
}

Parent Parents::find(std::string_view path) {
  if (stale_ || path != path_) {
    base::UniqueFd fd = root_.open_directory(path);
    if (!fd) return {};
    const DirectoryId id = directory_id(fd.get());
    pending_.expect(id);
    keep(path, std::move(fd), id);
  }
  return {fd_.get(), id_};
}

Parent Parents::make(std::string_view path) {
  Parent parent = find(path);
  if (parent.fd < 0) {
    base::UniqueFd fd = root_.make_directories(
        path,
        [this](int at, const std::string& name, bool exists) { make_implied(at, name, exists); });
    const DirectoryId id = directory_id(fd.get());
    keep(path, std::move(fd), id);
    parent = {fd_.get(), id_};
  }
  mark_used(parent);
  return parent;
}

base::UniqueFd Parents::make_child(const Parent& parent, const std::string& name) {
  const std::string doing = base::cat("make directory \"", base::excerpt(name), "\"");
  if (::mkdirat(parent.fd, name.c_str(), 0700) != 0) base::throw_errno(doing);
  // Until finish() we must be able to work in it whatever the umask is.
  if (::fchmodat(parent.fd, name.c_str(), 0700, 0) != 0) base::throw_errno(doing);
  base::UniqueFd fd = open_child(parent.fd, name);
  if (!fd) base::throw_errno(doing);
  marks_.made_directory(directory_id(fd.get()));
  ++summary_.directories;
  return fd;
}

void Parents::keep(std::string_view path, base::UniqueFd directory, const DirectoryId& id) {
  path_ = path;
  fd_ = std::move(directory);
  id_ = id;
  stale_ = false;
}

void Parents::mark_used(const Parent& directory) {
  // A directory made by this layer was marked with all above it when it was made.
  if (marks_.is_made(directory.id) || !marks_.used_directory(directory.id)) return;
  base::UniqueFd at;
  for (DirectoryId id = directory.id; id != root_id_;) {
    at = open_parent(at ? at.get() : directory.fd);
    if (!at) base::throw_errno("open a parent directory");
    id = directory_id(at.get());
    if (!marks_.used_directory(id)) return;
  }
}

void Parents::make_implied(int parent, const std::string& name, bool exists) {
  const Parent at{parent, directory_id(parent)};
  pending_.expect(at.id);
  if (exists) {
    if (marks_.is_own_entry(at.id, name)) {
      throw base::Error(base::cat("\"", base::excerpt(name), "\" above it is not a directory"));
    }
    if (::unlinkat(parent, name.c_str(), 0) != 0) {
      base::throw_errno(base::cat("replace \"", base::excerpt(name), "\""));
    }
    forget();
  }
  const base::UniqueFd made = make_child(at, name);
  mark_used(at);
  const Target target{.fd = made.get(), .path = name};
  const struct stat status = inspect(target);
  // Without an entry there is no owner to miss: not root's is no loss worth a count.
  if (::geteuid() == 0) attributes_.set_owner(target, status, 0, 0);
  // A fixed time: the same image must give the same tree.
  pending_.set({status.st_dev, status.st_ino}, {});
}

}  // namespace rootfs
