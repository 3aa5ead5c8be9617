#include "rootfs/tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/directory.hpp"
#include "rootfs/layer_marks.hpp"
#include "rootfs/layer_rules.hpp"
#include "rootfs/parents.hpp"
#include "rootfs/pending_directories.hpp"
#include "rootfs/placer.hpp"
#include "rootfs/virtual_tree.hpp"
#include "rootfs/whiteout.hpp"

namespace rootfs {
namespace {

base::RootedDir make_root(const std::string& path, base::RootedDir::Openat2 openat2) {
  const std::string doing = base::cat("make directory ", base::printable(path));
  if (::mkdir(path.c_str(), 0755) != 0) base::throw_errno(doing);
  try {
    // Also when the umask took our own permissions away.
    if (::chmod(path.c_str(), 0755) != 0) base::throw_errno(doing);
    base::RootedDir root = base::RootedDir::open(path, openat2);
    // A setgid bit or a default ACL of the directory above would be passed on to all entries.
    if (::fchmod(root.fd(), 0755) != 0) base::throw_errno(doing);
    ::fremovexattr(root.fd(), "system.posix_acl_default");
    ::fremovexattr(root.fd(), "system.posix_acl_access");
    if (::geteuid() == 0 && ::fchown(root.fd(), 0, 0) != 0) base::throw_errno(doing);
    return root;
  } catch (const base::Error&) {
    ::rmdir(path.c_str());
    throw;
  }
}

/// Whether the directory `path` goes by its name in capitals, too.
bool folds_case(const std::string& path) {
  const std::string above = path.substr(0, path.rfind('/') + 1);
  std::string capitals = path.substr(above.size());
  std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  struct stat status {};
  if (::lstat((above + capitals).c_str(), &status) != 0) return false;
  return !has_name(base::RootedDir::open(above.empty() ? "." : above).fd(), capitals);
}

}  // namespace

struct Tree::Impl : LayerSink {
  Impl(const std::string& path_, base::Log& log, base::RootedDir::Openat2 openat2)
      : path(path_),
        root(make_root(path_, openat2)),
        is_folding(folds_case(path_)),
        attributes(summary, log) {}

  void apply(base::EntrySource& layer, Whiteouts whiteouts) {
    state = State::broken;
    marks.start(layers++ == 0 ? LayerMarks::Lower::none : LayerMarks::Lower::some);
    if (shadow != nullptr) shadow_layer = &shadow->start_layer();
    apply_layer(layer, *this, budget, whiteouts);
    state = State::good;
  }

  void place(base::Entry& entry, const std::string& path_in_tree,
             base::EntrySource& layer) override {
    if (shadow_layer != nullptr) shadow_layer->place(entry, path_in_tree, layer);
    if (is_folding) refuse_look_alike(path_in_tree);
    placer.place(entry, path_in_tree, layer);
  }
  void hide(std::string_view directory, const std::string& name) override {
    if (shadow_layer != nullptr) shadow_layer->hide(directory, name);
    const Parent parent = parents.find(directory);
    if (is_folding && parent.fd >= 0 && !has_name(parent.fd, name)) return;
    if (parent.fd >= 0) count_hidden(hide_entry(parent, name, marks, pending));
  }
  void hide_children(std::string_view directory) override {
    if (shadow_layer != nullptr) shadow_layer->hide_children(directory);
    const Parent parent = parents.find(directory);
    if (parent.fd >= 0) count_hidden(rootfs::hide_children(parent, marks, pending));
  }

  void discard(const std::string& name) override {
    if (shadow_layer != nullptr) shadow_layer->discard(name);
    remove_entry(root.fd(), name);
    parents.forget();
  }

  Cost cost() const override {
    Cost cost = shadow_layer == nullptr ? Cost{} : shadow_layer->cost();
    cost.directories = summary.directories;
    return cost;
  }

  void count_hidden(bool hidden) {
    if (!hidden) return;
    ++summary.whiteouts;
    parents.forget();
    exact_directory.clear();
  }

  /// An entry must not take the place of one that only looks like it to the file system, nor lie in
  /// such a directory.
  void refuse_look_alike(std::string_view path_in_tree) {
    const auto [directory, base_name] = base::split_path(path_in_tree);
    if (!directory.empty() && directory != exact_directory) {
      refuse_look_alike(directory);
      exact_directory = directory;
    }
    const std::string name(base_name);
    const Parent parent = parents.find(directory);
    struct stat status {};
    const bool stands = parent.fd >= 0 && !name.empty() &&
                        ::fstatat(parent.fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!stands || has_name(parent.fd, name)) return;
    throw base::Error(base::cat("the file system takes \"", base::excerpt(path_in_tree),
                                "\" for another entry: unpack the image on one that tells upper "
                                "case from lower case"));
  }

  enum class State { good, broken, finished };

  std::string path;
  base::RootedDir root;
  bool is_folding;              ///< Names that differ only in case are one.
  std::string exact_directory;  ///< Then the last that goes by its own name.
  TreeSummary summary;
  AttributeWriter attributes;
  LayerMarks marks;
  PendingDirectories pending;
  Parents parents{root, marks, pending, attributes, summary};
  Placer placer{root, marks, pending, parents, attributes, summary};
  VirtualTree* shadow = nullptr;
  Budget* budget = nullptr;
  LayerSink* shadow_layer = nullptr;
  unsigned layers = 0;
  State state = State::good;
};

Tree::Tree(const std::string& path, base::Log& log, base::RootedDir::Openat2 openat2)
    : impl_(std::make_unique<Impl>(path, log, openat2)) {}

Tree::~Tree() {
  if (impl_->state == Impl::State::finished) return;
  try {
    remove_tree(impl_->path);
  } catch (const std::exception&) {
    // Whoever failed to fill the tree reports that; what is left is for the next run's own check.
  }
}

void Tree::set_shadow(VirtualTree& shadow) {
  impl_->shadow = &shadow;
}

void Tree::set_budget(Budget& budget) {
  impl_->budget = &budget;
}

void Tree::apply(base::EntrySource& layer, Whiteouts whiteouts) {
  impl_->apply(layer, whiteouts);
}

TreeSummary Tree::finish() {
  if (impl_->state != Impl::State::good) throw base::Error("finish a tree after a failed layer");
  impl_->pending.apply(impl_->root.fd(), impl_->attributes);
  impl_->state = Impl::State::finished;
  return impl_->summary;
}

void remove_tree(const std::string& path) {
  base::with_context(base::cat("remove ", base::printable(path)),
                     [&] { remove_entry(AT_FDCWD, path); });
}

}  // namespace rootfs
