#include "rootfs/virtual_tree.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/layer_rules.hpp"
#include "rootfs/name.hpp"
#include "rootfs/virtual_nodes.hpp"
#include "rootfs/virtual_paths.hpp"
#include "rootfs/virtual_source.hpp"
#include "rootfs/xattrs.hpp"

namespace rootfs {
namespace {

/// Gives away exactly the bytes of one file, and sees whether they are all there.
class FileData : public base::ByteSource {
 public:
  FileData(base::ByteSource& data, uint64_t size) : data_(data), left_(size) {}

  size_t read(std::span<char> buffer) override {
    const auto want = static_cast<size_t>(std::min<uint64_t>(buffer.size(), left_));
    if (want == 0) return 0;
    const size_t count = data_.read(buffer.first(want));
    left_ -= count;
    return count;
  }
  uint64_t left() const { return left_; }

 private:
  base::ByteSource& data_;
  uint64_t left_;
};

/// A directory of the tree and a name in it.
struct Spot {
  VirtualNode& directory;
  std::string name;
};

[[noreturn]] void fail(VirtualPlace::Fault fault, std::string_view path) {
  throw base::Error(base::cat("open directory \"", base::printable(path), "\": ",
                              fault == VirtualPlace::Fault::endless
                                  ? "too many levels of symbolic links"
                                  : "a link on the way holds a name that is too long"));
}

}  // namespace

struct VirtualTree::Impl : LayerSink {
  explicit Impl(Store to) : store(std::move(to)) {}

  void apply(base::EntrySource& source) {
    state = State::broken;
    ++layer;
    if (layer == 1) root.directory().made_in = layer;
    apply_layer(source, *this);
    state = State::good;
  }

  // What a layer asks for.

  void place(base::Entry& entry, const std::string& path, base::EntrySource& source) override {
    if (path.empty()) {
      const uint32_t mode = root_mode(entry, root.mode);
      set_attributes(root, entry);
      root.mode = static_cast<uint16_t>(mode);
      return;
    }
    switch (entry.kind) {
      case base::EntryKind::file:
        return place_file(entry, path, source.data());
      case base::EntryKind::directory:
        return place_directory(entry, path);
      case base::EntryKind::symlink:
        return place_symlink(entry, path);
      case base::EntryKind::hardlink:
        return place_hardlink(entry, path);
      case base::EntryKind::fifo:
        put(spot_of(path), make(entry));
        ++summary.fifos;
        return;
      case base::EntryKind::socket:
        ++summary.skipped_sockets;
        return place_left_out(entry, path);
      case base::EntryKind::char_device:
      case base::EntryKind::block_device:
        ++summary.skipped_devices;
        return place_left_out(entry, path);
    }
  }

  void hide(std::string_view directory, const std::string& name) override {
    VirtualNode* parent = find(directory);
    if (parent == nullptr || layer == 1) return;
    auto& names = parent->directory().names;
    const auto found = names.find(name);
    if (found == names.end()) return;
    VirtualNode& node = *found->second.node;
    if (is_own(found->second)) {
      if (node.is_directory() && !is_made(node)) count_hidden(hide_below(node));
      return;
    }
    count_hidden(!node.is_left_out());
    nodes->remove(parent->directory(), found);
  }

  void hide_children(std::string_view directory) override {
    VirtualNode* parent = find(directory);
    if (parent != nullptr && !is_made(*parent)) count_hidden(hide_below(*parent));
  }

  // Which layer something is of (image-spec layer.md: whiteouts hide lower layers only).

  bool is_made(VirtualNode& directory) const { return directory.directory().made_in == layer; }

  bool is_own(const VirtualName& name) const {
    if (!name.node->is_directory()) return name.layer == layer;
    return is_made(*name.node) || name.node->directory().used_in == layer;
  }

  void mark_used(VirtualNode& directory) {
    VirtualNode* at = &directory;
    while (at != nullptr && !is_made(*at) && at->directory().used_in != layer) {
      at->directory().used_in = layer;
      at = at->directory().parent;
    }
  }

  /// Removes what lower layers have below `start`; false when it was nothing.
  bool hide_below(VirtualNode& start) {
    bool hidden = false;
    std::vector<VirtualNode*> pending{&start};
    while (!pending.empty()) {
      VirtualDirectory& directory = pending.back()->directory();
      pending.pop_back();
      for (auto at = directory.names.begin(); at != directory.names.end();) {
        VirtualNode& node = *at->second.node;
        if (!is_own(at->second)) {
          hidden = hidden || !node.is_left_out();
          at = nodes->remove(directory, at);
          continue;
        }
        if (node.is_directory() && !is_made(node)) pending.push_back(&node);
        ++at;
      }
    }
    return hidden;
  }

  void count_hidden(bool hidden) {
    if (hidden) ++summary.whiteouts;
  }

  // Paths.

  /// The directory `path` leads to; null when there is none.
  VirtualNode* find(std::string_view path) {
    const VirtualPlace place = resolve(root, path);
    if (place.directory == nullptr && place.fault != VirtualPlace::Fault::missing) {
      fail(place.fault, path);
    }
    return place.directory;
  }

  /// Where `path` goes; makes what is missing above it.
  Spot spot_of(const std::string& path) {
    const auto [directory, name] = split_path(path);
    const VirtualPlace place =
        resolve(root, directory,
                [this](VirtualNode& parent, const std::string& part, bool exists) -> VirtualNode& {
                  return make_implied(parent, part, exists);
                });
    if (place.directory == nullptr) fail(place.fault, directory);
    mark_used(*place.directory);
    return {*place.directory, std::string(name)};
  }

  VirtualNode& make_implied(VirtualNode& parent, const std::string& name, bool exists) {
    if (exists && is_own(*find_name(parent, name))) {
      throw base::Error(base::cat("\"", base::printable(name), "\" above it is not a directory"));
    }
    mark_used(parent);
    return make_directory({parent, name});
  }

  // Nodes.

  VirtualNode& make_directory(const Spot& spot) {
    VirtualNode& node = nodes->make_directory(&spot.directory, layer);
    put(spot, node);
    ++summary.directories;
    return node;
  }

  VirtualNode& make(const base::Entry& entry) {
    VirtualNode& node = nodes->make(entry.kind);
    set_attributes(node, entry);
    return node;
  }

  void put(const Spot& spot, VirtualNode& node) {
    nodes->put(spot.directory.directory(), spot.name, node, layer);
  }

  void set_attributes(VirtualNode& node, const base::Entry& entry) {
    const bool is_symlink = node.kind == base::EntryKind::symlink;
    node.mode = static_cast<uint16_t>(is_symlink ? 0777 : entry.mode);
    node.uid = static_cast<uint32_t>(entry.uid);
    node.gid = static_cast<uint32_t>(entry.gid);
    node.mtime_seconds = entry.mtime_seconds;
    node.mtime_nanoseconds = entry.mtime_nanoseconds;
    uint64_t skipped = 0;
    node.xattrs = settle_xattrs(entry, skipped);
    if (!node.is_left_out()) summary.skipped_xattrs += skipped;
  }

  void place_file(const base::Entry& entry, const std::string& path, base::ByteSource& data) {
    const Spot spot = spot_of(path);
    FileData bytes(data, entry.size);
    FileBytes stored{entry.size, store(entry, bytes)};
    base::drain(bytes);
    if (bytes.left() != 0) {
      throw base::Error(base::cat("\"", base::printable(path), "\" ends after ",
                                  entry.size - bytes.left(), " of ", entry.size, " bytes"));
    }
    VirtualNode& node = make(entry);
    node.body = std::move(stored);
    put(spot, node);
    ++summary.files;
    summary.bytes += entry.size;
  }

  void place_directory(const base::Entry& entry, const std::string& path) {
    const Spot spot = spot_of(path);
    const VirtualName* found = find_name(spot.directory, spot.name);
    const bool exists = found != nullptr && found->node->is_directory();
    VirtualNode& node = exists ? *found->node : make_directory(spot);
    mark_used(node);
    set_attributes(node, entry);
  }

  void place_symlink(const base::Entry& entry, const std::string& path) {
    check_link_text(entry.link);
    const Spot spot = spot_of(path);
    VirtualNode& node = make(entry);
    node.body = entry.link;
    put(spot, node);
    ++summary.symlinks;
  }

  void place_hardlink(const base::Entry& entry, const std::string& path) {
    const std::string target = clean_path(entry.link, Escape::clamp);
    if (target == path) return;
    const auto [target_directory, target_name] = split_path(target);
    const std::string doing = base::cat("hard link to \"", base::printable(entry.link), "\"");
    const Spot spot = spot_of(path);
    VirtualNode* from = find(target_directory);
    const VirtualName* found =
        from == nullptr || target.empty() ? nullptr : find_name(*from, target_name);
    if (found == nullptr) {
      if (left_out.contains(target)) return link_left_out(spot, path, from, target_name);
      throw base::Error(base::cat(doing, ", which the image does not have at this point"));
    }
    if (found->node->is_directory()) throw base::Error(base::cat(doing, ", which is a directory"));
    VirtualNode& node = *found->node;
    if (const VirtualName* in_the_way = find_name(spot.directory, spot.name);
        in_the_way != nullptr && is_above(*in_the_way->node, from)) {
      throw base::Error(base::cat(doing, ", which it would replace"));
    }
    put(spot, node);
    ++summary.hardlinks;
  }

  static bool is_above(const VirtualNode& node, VirtualNode* directory) {
    while (directory != nullptr && directory != &node) directory = directory->directory().parent;
    return directory != nullptr;
  }

  // Device nodes and sockets: they take only names that are free, so that the rest of the tree is
  // what an unpacked one is.

  void place_left_out(const base::Entry& entry, const std::string& path) {
    left_out.insert(path);
    const auto [directory, name] = split_path(path);
    VirtualNode* parent = resolve(root, directory).directory;
    if (parent == nullptr || find_name(*parent, name) != nullptr) return;
    VirtualNode& node = make(entry);
    node.body = DeviceNumber{entry.device_major, entry.device_minor};
    put({*parent, std::string(name)}, node);
  }

  void link_left_out(const Spot& spot, const std::string& path, VirtualNode* from,
                     std::string_view target_name) {
    left_out.insert(path);
    ++summary.skipped_devices;
    if (from == nullptr || find_name(spot.directory, spot.name) != nullptr) return;
    const auto& names = from->directory().names;
    if (const auto found = names.find(target_name); found != names.end()) {
      put(spot, *found->second.node);
    }
  }

  enum class State { good, broken, finished };

  Store store;
  uint32_t layer = 0;
  std::unique_ptr<VirtualNodes> nodes = std::make_unique<VirtualNodes>();
  VirtualNode& root = nodes->make_directory(nullptr, 0);
  TreeSummary summary;
  std::set<std::string> left_out;  ///< All of them ever, for hard links to them.
  State state = State::good;
};

VirtualTree::VirtualTree(Store store) : impl_(std::make_unique<Impl>(std::move(store))) {}
VirtualTree::~VirtualTree() = default;

void VirtualTree::apply(base::EntrySource& layer) {
  impl_->apply(layer);
}

std::unique_ptr<base::EntrySource> VirtualTree::finish(TreeSummary& summary) {
  if (impl_->state != Impl::State::good) throw base::Error("finish a tree after a failed layer");
  summary = impl_->summary;
  impl_->state = Impl::State::finished;
  return std::make_unique<VirtualSource>(std::move(impl_->nodes), impl_->root);
}

}  // namespace rootfs
