#include "rootfs/virtual_tree.hpp"

#include "base/error.hpp"
#include "rootfs/layer_rules.hpp"
#include "rootfs/virtual_layer.hpp"
#include "rootfs/virtual_nodes.hpp"
#include "rootfs/virtual_paths.hpp"
#include "rootfs/virtual_placer.hpp"
#include "rootfs/virtual_source.hpp"

namespace rootfs {

struct VirtualTree::Impl : LayerSink {
  explicit Impl(Store store) : placer(*nodes, root, current, std::move(store), summary) {}

  void apply(base::EntrySource& layer) {
    state = State::broken;
    current.start(root);
    apply_layer(layer, *this, budget, Whiteouts::obeyed);
    state = State::good;
  }

  void place(base::Entry& entry, const std::string& path, base::EntrySource& layer) override {
    placer.place(entry, path, layer);
  }
  void hide(std::string_view directory, const std::string& name) override {
    VirtualNode* parent = find_directory(root, directory);
    if (parent != nullptr && current.hide_entry(*parent, name)) ++summary.whiteouts;
  }
  void hide_children(std::string_view directory) override {
    VirtualNode* parent = find_directory(root, directory);
    if (parent != nullptr && current.hide_children(*parent)) ++summary.whiteouts;
  }

  void discard(const std::string& name) override {
    auto& names = root.directory().names;
    const auto found = names.find(name);
    if (found != names.end()) nodes->remove(root.directory(), found);
  }

  Cost cost() const override { return {summary.directories, placer.depth(), placer.path_bytes()}; }

  enum class State { good, broken, finished };

  std::unique_ptr<VirtualNodes> nodes = std::make_unique<VirtualNodes>();
  VirtualNode& root = nodes->make_directory(nullptr, 0);
  VirtualLayer current{*nodes};
  TreeSummary summary;
  VirtualPlacer placer;
  Budget* budget = nullptr;
  State state = State::good;
};

VirtualTree::VirtualTree(Store store) : impl_(std::make_unique<Impl>(std::move(store))) {}
VirtualTree::~VirtualTree() = default;

void VirtualTree::set_budget(Budget& budget) {
  impl_->budget = &budget;
}

void VirtualTree::apply(base::EntrySource& layer) {
  impl_->apply(layer);
}

LayerSink& VirtualTree::start_layer() {
  impl_->current.start(impl_->root);
  return *impl_;
}

std::unique_ptr<base::EntrySource> VirtualTree::finish(TreeSummary& summary) {
  if (impl_->state != Impl::State::good) throw base::Error("finish a tree after a failed layer");
  summary = impl_->summary;
  impl_->state = Impl::State::finished;
  return std::make_unique<VirtualSource>(std::move(impl_->nodes), impl_->root);
}

}  // namespace rootfs
