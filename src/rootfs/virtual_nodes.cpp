#include "rootfs/virtual_nodes.hpp"

#include "rootfs/entry_placer.hpp"

namespace rootfs {

bool VirtualNode::is_left_out() const {
  return rootfs::is_left_out(kind);
}

VirtualNode& VirtualNodes::make(base::EntryKind kind) {
  VirtualNode* node = nullptr;
  if (free_.empty()) {
    node = &nodes_.emplace_back();
  } else {
    node = free_.back();
    free_.pop_back();
  }
  node->kind = kind;
  return *node;
}

VirtualNode& VirtualNodes::make_directory(VirtualNode* parent, uint32_t layer) {
  VirtualNode& node = make(base::EntryKind::directory);
  node.mode = 0755;
  auto directory = std::make_unique<VirtualDirectory>(memory_);
  directory->parent = parent;
  directory->made_in = layer;
  node.body = std::move(directory);
  return node;
}

void VirtualNodes::put(VirtualDirectory& directory, const std::string& name, VirtualNode& node,
                       uint32_t layer) {
  ++node.names;
  VirtualName& place = directory.names[name];
  if (place.node != nullptr) drop_name(*place.node);
  place = {&node, layer};
}

VirtualNodes::Position VirtualNodes::remove(VirtualDirectory& directory, Position at) {
  drop_name(*at->second.node);
  return directory.names.erase(at);
}

void VirtualNodes::drop_name(VirtualNode& node) {
  std::vector<VirtualNode*> losing{&node};
  while (!losing.empty()) {
    VirtualNode& next = *losing.back();
    losing.pop_back();
    if (--next.names > 0) continue;
    if (next.is_directory()) {
      for (const auto& [name, child] : next.directory().names) losing.push_back(child.node);
    }
    next = VirtualNode();
    free_.push_back(&next);
  }
}

}  // namespace rootfs
