#include "rootfs/virtual_paths.hpp"

#include <algorithm>
#include <climits>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

constexpr int max_links = 40;  // The kernel's own limit (path_resolution(7)).

class Walk {
 public:
  Walk(VirtualNode& root, std::string_view path, const MakeVirtualDirectory& make)
      : root_(root), make_(make), rest_(path), current_(&root) {}

  VirtualPlace run() {
    for (std::string_view name = take(); !name.empty(); name = take()) {
      if (const auto fault = step(name); fault != VirtualPlace::Fault::none) {
        return {nullptr, fault};
      }
    }
    return {current_, VirtualPlace::Fault::none};
  }

 private:
  /// The next component, "" at the end.
  std::string_view take() {
    std::string_view name;
    do {
      at_ = std::min(rest_.find_first_not_of('/', at_), rest_.size());
      const size_t end = std::min(rest_.find('/', at_), rest_.size());
      name = rest_.substr(at_, end - at_);
      at_ = end;
    } while (name == ".");
    return name;
  }

  VirtualPlace::Fault step(std::string_view name) {
    if (name == "..") {
      if (VirtualNode* parent = current_->directory().parent) current_ = parent;
      return VirtualPlace::Fault::none;
    }
    if (name.size() > NAME_MAX) return VirtualPlace::Fault::too_long;
    const VirtualName* found = find_name(*current_, name);
    if (found != nullptr && found->node->is_directory()) {
      current_ = found->node;
      return VirtualPlace::Fault::none;
    }
    if (found != nullptr && found->node->kind == base::EntryKind::symlink) {
      return follow(found->node->link());
    }
    if (!make_) return VirtualPlace::Fault::missing;
    current_ = &make_(*current_, std::string(name), found != nullptr);
    return VirtualPlace::Fault::none;
  }

  VirtualPlace::Fault follow(const std::string& target) {
    if (++links_ > max_links) return VirtualPlace::Fault::endless;
    expanded_ = base::cat(target, "/", rest_.substr(at_));
    rest_ = expanded_;
    at_ = 0;
    if (target.starts_with('/')) current_ = &root_;
    return VirtualPlace::Fault::none;
  }

  VirtualNode& root_;
  const MakeVirtualDirectory& make_;
  std::string_view rest_;
  std::string expanded_;  ///< What rest_ looks at once a link was followed.
  size_t at_ = 0;
  VirtualNode* current_;
  int links_ = 0;
};

[[noreturn]] void fail(VirtualPlace::Fault fault, std::string_view path) {
  throw base::Error(base::cat("open directory \"", base::excerpt(path), "\": ",
                              fault == VirtualPlace::Fault::endless
                                  ? "too many levels of symbolic links"
                                  : "a link on the way holds a name that is too long"));
}

}  // namespace

VirtualPlace resolve(VirtualNode& root, std::string_view path, const MakeVirtualDirectory& make) {
  return Walk(root, path, make).run();
}

VirtualNode* find_directory(VirtualNode& root, std::string_view path) {
  const VirtualPlace place = resolve(root, path);
  const bool is_fault = place.fault != VirtualPlace::Fault::none;
  if (is_fault && place.fault != VirtualPlace::Fault::missing) fail(place.fault, path);
  return place.directory;
}

VirtualNode& make_directories(VirtualNode& root, std::string_view path,
                              const MakeVirtualDirectory& make) {
  const VirtualPlace place = resolve(root, path, make);
  if (place.directory == nullptr) fail(place.fault, path);
  return *place.directory;
}

VirtualName* find_name(VirtualNode& directory, std::string_view name) {
  auto& names = directory.directory().names;
  const auto found = names.find(name);
  if (found == names.end() || found->second.node->is_left_out()) return nullptr;
  return &found->second;
}

}  // namespace rootfs
