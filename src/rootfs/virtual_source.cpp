#include "rootfs/virtual_source.hpp"

#include <utility>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {

VirtualSource::VirtualSource(std::unique_ptr<VirtualNodes> nodes, VirtualNode& root)
    : nodes_(std::move(nodes)), root_(&root) {}

bool VirtualSource::next(base::Entry& entry) {
  base::throw_if_cancelled();
  stream_.reset();
  if (root_ != nullptr) {
    give(*root_, entry);
    enter(*std::exchange(root_, nullptr));
    return true;
  }
  while (!levels_.empty() && levels_.back().next == levels_.back().end) levels_.pop_back();
  if (levels_.empty()) return false;
  const auto& [name, found] = *levels_.back().next++;
  path_.resize(levels_.back().path_length);
  if (!path_.empty()) path_ += '/';
  path_ += name;
  give(*found.node, entry);
  if (found.node->is_directory()) enter(*found.node);
  return true;
}

void VirtualSource::enter(VirtualNode& directory) {
  auto& names = directory.directory().names;
  levels_.push_back({path_.size(), names.begin(), names.end()});
}

void VirtualSource::give(const VirtualNode& node, base::Entry& entry) {
  const auto* bytes = std::get_if<FileBytes>(&node.body);
  const auto* link = std::get_if<std::string>(&node.body);
  const auto* device = std::get_if<DeviceNumber>(&node.body);
  bytes_ = bytes == nullptr ? FileBytes{} : *bytes;
  entry.path = path_;
  entry.kind = node.kind;
  entry.mode = node.mode;
  entry.uid = node.uid;
  entry.gid = node.gid;
  entry.mtime_seconds = node.mtime_seconds;
  entry.mtime_nanoseconds = node.mtime_nanoseconds;
  entry.size = bytes_.size;
  entry.link = link == nullptr ? "" : *link;
  entry.device_major = device == nullptr ? 0 : device->major;
  entry.device_minor = device == nullptr ? 0 : device->minor;
  entry.xattrs = node.xattrs;
  entry.content = bytes_.content;
  // A sink that has no use for a device need not look one up for its further names either.
  entry.has_other_names = node.has_other_names() && !node.is_left_out();
  if (!entry.has_other_names) return;
  const auto [first, is_new] = first_names_.try_emplace(&node, FirstName{path_, node.names});
  if (!is_new) {
    entry.kind = base::EntryKind::hardlink;
    entry.link = first->second.path;
  }
  if (--first->second.left == 0) first_names_.erase(first);
}

base::ByteSource& VirtualSource::data() {
  if (bytes_.size > 0 && bytes_.content == nullptr) {
    throw base::Error(base::cat("the content of \"", base::excerpt(path_), "\" was not kept"));
  }
  if (!stream_) stream_ = std::make_unique<base::ContentSource>(bytes_.content, bytes_.size);
  return *stream_;
}

}  // namespace rootfs
