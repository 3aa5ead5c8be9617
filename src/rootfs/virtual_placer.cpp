#include "rootfs/virtual_placer.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/layer_rules.hpp"
#include "rootfs/manifest_syntax.hpp"
#include "rootfs/name.hpp"
#include "rootfs/virtual_paths.hpp"
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

/// In a manifest, each name of what has several comes with the path of one of them.
uint64_t bytes_of_links(uint64_t names, uint64_t longest_path) {
  return names < 2 ? 0 : names * longest_path;
}

uint32_t clamp_to_32_bits(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX));
}

bool is_above(const VirtualNode& node, VirtualNode* directory) {
  while (directory != nullptr && directory != &node) directory = directory->directory().parent;
  return directory != nullptr;
}

}  // namespace

void VirtualPlacer::place_root(const base::Entry& entry) {
  const uint32_t mode = root_mode(entry, root_.mode);
  set_attributes(root_, entry);
  root_.mode = static_cast<uint16_t>(mode);
}

void VirtualPlacer::place_fifo(const base::Entry& entry, const std::string& path) {
  put(spot_of(path), make(entry));
  ++summary_.fifos;
}

VirtualPlacer::Spot VirtualPlacer::spot_of(const std::string& path) {
  const auto [directory, name] = base::split_path(path);
  VirtualNode& parent = make_directories(
      root_, directory,
      [this](VirtualNode& at, const std::string& part, bool exists) -> VirtualNode& {
        return make_implied(at, part, exists);
      });
  layer_.mark_used(parent);
  return {parent, std::string(name)};
}

VirtualNode& VirtualPlacer::make_implied(VirtualNode& parent, const std::string& name,
                                         bool exists) {
  if (exists && layer_.is_own(*find_name(parent, name))) {
    throw base::Error(base::cat("\"", base::excerpt(name), "\" above it is not a directory"));
  }
  layer_.mark_used(parent);
  return make_directory({parent, name});
}

VirtualNode& VirtualPlacer::make_directory(const Spot& spot) {
  VirtualNode& node = nodes_.make_directory(&spot.directory, layer_.number());
  put(spot, node);
  ++summary_.directories;
  return node;
}

VirtualNode& VirtualPlacer::make(const base::Entry& entry) {
  VirtualNode& node = nodes_.make(entry.kind);
  set_attributes(node, entry);
  return node;
}

void VirtualPlacer::put(const Spot& spot, VirtualNode& node) {
  count_path(spot.directory.directory(), spot.name, node);
  nodes_.put(spot.directory.directory(), spot.name, node, layer_.number());
}

void VirtualPlacer::count_path(VirtualDirectory& directory, const std::string& name,
                               VirtualNode& node) {
  const uint32_t depth = directory.depth + 1;
  const uint32_t path = clamp_to_32_bits(uint64_t{directory.path_bytes} + 1 + escaped_size(name));
  const uint32_t longest = std::max(node.longest_path, path);
  path_bytes_ += path + bytes_of_links(node.names + 1, longest) -
                 bytes_of_links(node.names, node.longest_path);
  depth_ = std::max<uint64_t>(depth_, depth);
  node.longest_path = longest;
  if (!node.is_directory()) return;
  node.directory().depth = depth;
  node.directory().path_bytes = path;
}

void VirtualPlacer::set_attributes(VirtualNode& node, const base::Entry& entry) {
  const bool is_symlink = node.kind == base::EntryKind::symlink;
  node.mode = static_cast<uint16_t>(is_symlink ? 0777 : entry.mode);
  node.uid = static_cast<uint32_t>(entry.uid);
  node.gid = static_cast<uint32_t>(entry.gid);
  node.mtime_seconds = entry.mtime_seconds;
  node.mtime_nanoseconds = entry.mtime_nanoseconds;
  uint64_t skipped = 0;
  node.xattrs = settle_xattrs(entry, skipped);
  if (!node.is_left_out()) summary_.skipped_xattrs += skipped;
}

void VirtualPlacer::place_file(const base::Entry& entry, const std::string& path,
                               base::ByteSource& data) {
  const Spot spot = spot_of(path);
  FileBytes stored{entry.size, nullptr};
  if (store_) stored.content = store(entry, path, data);
  VirtualNode& node = make(entry);
  node.body = std::move(stored);
  put(spot, node);
  ++summary_.files;
  summary_.bytes += entry.size;
}

std::shared_ptr<const base::Content> VirtualPlacer::store(const base::Entry& entry,
                                                          const std::string& path,
                                                          base::ByteSource& data) {
  FileData bytes(data, entry.size);
  auto content = store_(entry, bytes);
  base::drain(bytes);
  if (bytes.left() != 0) {
    throw base::Error(base::cat("\"", base::excerpt(path), "\" ends after ",
                                entry.size - bytes.left(), " of ", entry.size, " bytes"));
  }
  return content;
}

void VirtualPlacer::place_directory(const base::Entry& entry, const std::string& path) {
  const Spot spot = spot_of(path);
  const VirtualName* found = find_name(spot.directory, spot.name);
  const bool exists = found != nullptr && found->node->is_directory();
  VirtualNode& node = exists ? *found->node : make_directory(spot);
  layer_.mark_used(node);
  set_attributes(node, entry);
}

void VirtualPlacer::place_symlink(const base::Entry& entry, const std::string& path) {
  check_link_text(entry.link);
  const Spot spot = spot_of(path);
  VirtualNode& node = make(entry);
  node.body = entry.link;
  put(spot, node);
  ++summary_.symlinks;
}

void VirtualPlacer::place_hardlink(const base::Entry& entry, const std::string& path) {
  const std::string target = clean_path(entry.link, Escape::clamp);
  if (target == path) return;
  const auto [target_directory, target_name] = base::split_path(target);
  const std::string doing = base::cat("hard link to \"", base::excerpt(entry.link), "\"");
  const Spot spot = spot_of(path);
  VirtualNode* from = find_directory(root_, target_directory);
  const VirtualName* found =
      from == nullptr || target.empty() ? nullptr : find_name(*from, target_name);
  if (found == nullptr) {
    if (left_out_.contains(target)) return link_left_out(spot, path, from, target_name);
    throw base::Error(base::cat(doing, ", which the image does not have at this point"));
  }
  if (found->node->is_directory()) throw base::Error(base::cat(doing, ", which is a directory"));
  VirtualNode& node = *found->node;
  if (const VirtualName* in_the_way = find_name(spot.directory, spot.name);
      in_the_way != nullptr && is_above(*in_the_way->node, from)) {
    throw base::Error(base::cat(doing, ", which it would replace"));
  }
  put(spot, node);
  ++summary_.hardlinks;
}

void VirtualPlacer::leave_out(const base::Entry& entry, const std::string& path) {
  left_out_.insert(path);
  const auto [directory, name] = base::split_path(path);
  VirtualNode* parent = find_directory(root_, directory);
  if (parent == nullptr) return;
  if (is_overlay_mark(entry) && find_name(*parent, name) != nullptr) return;
  VirtualNode& node = make(entry);
  node.body = DeviceNumber{entry.device_major, entry.device_minor};
  put({*parent, std::string(name)}, node);
}

void VirtualPlacer::link_left_out(const Spot& spot, const std::string& path, VirtualNode* from,
                                  std::string_view target_name) {
  left_out_.insert(path);
  ++summary_.skipped_devices;
  if (from != nullptr) {
    const auto& names = from->directory().names;
    if (const auto found = names.find(target_name); found != names.end()) {
      return put(spot, *found->second.node);
    }
  }
  auto& names = spot.directory.directory().names;
  if (const auto old = names.find(spot.name); old != names.end()) {
    nodes_.remove(spot.directory.directory(), old);
  }
}

}  // namespace rootfs
