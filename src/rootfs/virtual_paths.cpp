#include "rootfs/virtual_paths.hpp"

#include <climits>

#include "base/error.hpp"
#include "base/path_names.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

enum class Fault { none, missing, endless, too_long };

class Walk {
 public:
  Walk(VirtualNode& root, std::string_view path, const MakeVirtualDirectory* make = nullptr)
      : root_(root), make_(make), names_(path), current_(&root) {}

  /// Null where the path leads to no directory; fault() says why.
  VirtualNode* run() {
    for (std::string_view name = names_.next(); !name.empty(); name = names_.next()) {
      fault_ = step(name);
      if (fault_ != Fault::none) return nullptr;
    }
    return current_;
  }
  Fault fault() const { return fault_; }

 private:
  Fault step(std::string_view name) {
    if (name == "..") {
      if (VirtualNode* parent = current_->directory().parent) current_ = parent;
      return Fault::none;
    }
    if (name.size() > NAME_MAX) return Fault::too_long;
    const VirtualName* found = find_name(*current_, name);
    if (found != nullptr && found->node->is_directory()) {
      current_ = found->node;
      return Fault::none;
    }
    if (found != nullptr && found->node->kind == base::EntryKind::symlink) {
      return follow(found->node->link());
    }
    if (make_ == nullptr) return Fault::missing;
    current_ = &(*make_)(*current_, std::string(name), found != nullptr);
    return Fault::none;
  }

  Fault follow(const std::string& target) {
    if (!names_.follow(target)) return Fault::endless;
    if (target.starts_with('/')) current_ = &root_;
    return Fault::none;
  }

  VirtualNode& root_;
  const MakeVirtualDirectory* make_;
  base::PathNames names_;
  VirtualNode* current_;
  Fault fault_ = Fault::none;
};

[[noreturn]] void fail(Fault fault, std::string_view path) {
  throw base::Error(base::cat("open directory \"", base::excerpt(path), "\": ",
                              fault == Fault::endless
                                  ? "too many levels of symbolic links"
                                  : "a link on the way holds a name that is too long"));
}

}  // namespace

VirtualNode* find_directory(VirtualNode& root, std::string_view path) {
  Walk walk(root, path);
  VirtualNode* directory = walk.run();
  if (directory == nullptr && walk.fault() != Fault::missing) fail(walk.fault(), path);
  return directory;
}

VirtualNode& make_directories(VirtualNode& root, std::string_view path,
                              const MakeVirtualDirectory& make) {
  Walk walk(root, path, &make);
  VirtualNode* directory = walk.run();
  if (directory == nullptr) fail(walk.fault(), path);
  return *directory;
}

VirtualName* find_name(VirtualNode& directory, std::string_view name) {
  auto& names = directory.directory().names;
  const auto found = names.find(name);
  if (found == names.end() || found->second.node->is_left_out()) return nullptr;
  return &found->second;
}

}  // namespace rootfs
