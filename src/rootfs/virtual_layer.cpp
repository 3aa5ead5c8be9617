#include "rootfs/virtual_layer.hpp"

#include <utility>
#include <vector>

namespace rootfs {

void VirtualLayer::start(VirtualNode& root) {
  ++number_;
  if (number_ == 1) root.directory().made_in = number_;
}

bool VirtualLayer::is_made(VirtualNode& directory) const {
  return directory.directory().made_in == number_;
}

bool VirtualLayer::is_own(const VirtualName& name) const {
  if (!name.node->is_directory()) return name.layer == number_;
  return is_made(*name.node) || name.node->directory().used_in == number_;
}

void VirtualLayer::mark_used(VirtualNode& directory) const {
  // What is above a directory that was made or used is marked already.
  VirtualNode* at = &directory;
  while (at != nullptr && !is_made(*at) && at->directory().used_in != number_) {
    at->directory().used_in = number_;
    at = at->directory().parent;
  }
}

bool VirtualLayer::hide_entry(VirtualNode& directory, const std::string& name) const {
  auto& names = directory.directory().names;
  const auto found = names.find(name);
  if (found == names.end()) return false;
  VirtualNode& node = *found->second.node;
  if (is_own(found->second)) return node.is_directory() && hide_children(node);
  const bool hidden = !node.is_left_out();
  nodes_.remove(directory.directory(), found);
  return hidden;
}

bool VirtualLayer::hide_children(VirtualNode& directory) const {
  return !is_made(directory) && hide_below(directory);
}

bool VirtualLayer::hide_below(VirtualNode& start) const {
  bool hidden = false;
  std::vector<VirtualNode*> pending{&start};
  while (!pending.empty()) {
    VirtualDirectory& directory = pending.back()->directory();
    pending.pop_back();
    if (std::exchange(directory.emptied_in, number_) == number_) continue;
    for (auto at = directory.names.begin(); at != directory.names.end();) {
      VirtualNode& node = *at->second.node;
      if (!is_own(at->second)) {
        hidden = hidden || !node.is_left_out();
        at = nodes_.remove(directory, at);
        continue;
      }
      if (node.is_directory() && !is_made(node)) pending.push_back(&node);
      ++at;
    }
  }
  return hidden;
}

}  // namespace rootfs
