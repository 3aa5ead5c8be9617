#include "git/snapshot.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace git {
namespace {

using base::cat;
using base::Entry;
using base::EntryKind;
using base::Error;

/// What a checkout makes of the permission bits under the usual umask of 022.
uint32_t mode_in_clone(const Entry& entry) {
  if (entry.kind == EntryKind::directory) return 0755;
  return (entry.mode & 0111U) != 0 ? 0755 : 0644;
}

[[noreturn]] void refuse_size(std::string_view name, size_t entries) {
  throw Error(cat("directory ", base::excerpt(name), " has ", base::with_commas(entries),
                  " entries, of which git's list would be larger than the ",
                  base::human_size(largest_tree),
                  " that a get reads; spread them over several directories"));
}

/// A short text as content.
class Text : public base::Content {
 public:
  explicit Text(std::string_view text) : text_(text) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    if (text_.copy(buffer.data(), buffer.size(), static_cast<size_t>(offset)) != buffer.size()) {
      throw Error("read behind the end of a text");
    }
  }

 private:
  std::string text_;
};

}  // namespace

Snapshot::Snapshot(EmptyDirectory empty, unsigned threads) : empty_(empty), hasher_(threads) {
  directories_.emplace_back();
  directory_index_.emplace("", 0);
}

void Snapshot::add_file(std::string_view path, std::string_view content, uint32_t mode) {
  const auto [parent, name] = base::split_path(path);
  add_blob(make_directory(parent), std::string(name), mode, text_blob(content));
}

void Snapshot::add_file(std::string_view path, std::shared_ptr<const base::Content> content,
                        uint64_t size) {
  const auto [parent, name] = base::split_path(path);
  add_blob(make_directory(parent), std::string(name), mode_file,
           {{}, false, size, std::move(content)});
}

void Snapshot::add_image(base::EntrySource& source, const std::string& prefix, const Placed& placed,
                         const StandIn& stand_in) {
  make_directory(prefix);
  PlacementRules rules(prefix);
  Entry entry;
  while (source.next(entry)) {
    base::throw_if_cancelled();
    const Placement placement = rules.place(entry);
    const bool is_file = entry.kind == EntryKind::file || entry.kind == EntryKind::hardlink;
    std::optional<std::string> text;
    if (stand_in && is_file) text = stand_in(entry);
    if (placement == Placement::own_name) {
      add_entry(entry, prefix, std::move(text));
    } else {
      count_displaced(entry, placement);
      if (placement == Placement::refused) {
        directories_[make_parent(prefix, entry.path)].has_refused = true;
      }
    }
    if (placed) placed(entry, placement);
    entry = Entry{};
  }
}

void Snapshot::hash(const std::stop_token& stop) {
  hasher_.finish(stop);
  for (Blob& blob : blobs_) {
    if (const PackedContent* content = packed(blob)) blob.id = content->id();
  }
  base::Hasher hasher(base::HashAlgorithm::sha1);
  encode_directory(0, hasher);
  mark_repeated();
}

const PackedContent* Snapshot::packed(const Blob& blob) {
  return dynamic_cast<const PackedContent*>(blob.content.get());
}

Snapshot::Blob Snapshot::text_blob(std::string_view text) {
  return {{}, false, text.size(), std::make_shared<Text>(text)};
}

void Snapshot::count_losses(const Entry& entry) {
  if (entry.uid != 0 || entry.gid != 0) ++summary_.owners;
  if ((entry.mode & 04000U) != 0) ++summary_.setuid;
  if ((entry.mode & 02000U) != 0) ++summary_.setgid;
  if ((entry.mode & 01000U) != 0) ++summary_.sticky;
  if (entry.kind != EntryKind::symlink && (entry.mode & 0777U) != mode_in_clone(entry)) {
    ++summary_.permissions;
  }
  if (entry.kind == EntryKind::file) {
    if ((entry.mode & 04U) == 0) summary_.private_files.push_back(entry.path);
  }
  for (const base::Xattr& xattr : entry.xattrs) {
    ++(xattr.name == "security.capability" ? summary_.capabilities : summary_.xattrs);
  }
}

void Snapshot::count_displaced(const Entry& entry, Placement placement) {
  switch (placement) {
    case Placement::special:
      ++(entry.kind == EntryKind::fifo     ? summary_.fifos
         : entry.kind == EntryKind::socket ? summary_.sockets
                                           : summary_.devices);
      return;
    case Placement::below_dev:
      ++summary_.below_dev;
      return;
    case Placement::refused:
      summary_.refused.push_back(entry.path);
      return;
    case Placement::below_refused:
      ++summary_.below_refused;
      return;
    case Placement::own_name:
      return;
  }
}

void Snapshot::add_entry(const Entry& entry, const std::string& prefix,
                         std::optional<std::string> stand_in) {
  if (entry.path.empty()) return;
  const std::string_view name = base::split_path(entry.path).name;
  const uint32_t directory = make_parent(prefix, entry.path);
  if (entry.kind == EntryKind::hardlink) {
    return add_hardlink(directory, std::string(name), entry, cat(prefix, '/', entry.link),
                        std::move(stand_in));
  }
  count_losses(entry);
  if (entry.kind == EntryKind::directory) {
    ++summary_.directories;
    make_directory(cat(prefix, '/', entry.path));
    return;
  }
  if (entry.kind == EntryKind::symlink) {
    ++summary_.symlinks;
    add_blob(directory, std::string(name), mode_symlink, text_blob(entry.link));
  } else {
    if (entry.content == nullptr && entry.size > 0) {
      throw Error(
          cat(base::excerpt(entry.path), ": the content of this file cannot be read twice"));
    }
    add_content(directory, std::string(name), entry, std::move(stand_in));
  }
  if (entry.has_other_names) {
    link_targets_.emplace(cat(prefix, '/', entry.path), directories_[directory].nodes.back());
  }
}

void Snapshot::add_content(uint32_t parent, std::string name, const Entry& entry,
                           std::optional<std::string> stand_in) {
  ++summary_.files;
  summary_.bytes += entry.size;
  if (!stand_in) {
    if (entry.size > large_file) summary_.large.push_back({entry.path, entry.size});
    return add_blob(parent, std::move(name), file_mode(entry),
                    {{}, false, entry.size, entry.content});
  }
  ++summary_.stand_ins;
  add_blob(parent, std::move(name), file_mode(entry), text_blob(*stand_in));
}

void Snapshot::add_hardlink(uint32_t parent, std::string name, const Entry& entry,
                            const std::string& target, std::optional<std::string> stand_in) {
  auto found = link_targets_.find(target);
  if (found == link_targets_.end()) {
    // The first name is one git refuses; this one takes over.
    if (entry.content == nullptr) return;
    add_content(parent, std::move(name), entry, std::move(stand_in));
    link_targets_.emplace(target, directories_[parent].nodes.back());
    return;
  }
  ++summary_.hardlinks;
  summary_.copied_bytes += entry.size;
  directories_[parent].nodes.push_back({std::move(name), found->second.mode, found->second.index});
}

uint32_t Snapshot::make_directory(std::string_view path) {
  if (const auto found = directory_index_.find(path); found != directory_index_.end()) {
    return found->second;
  }
  const auto [parent, name] = base::split_path(path);
  const uint32_t index = add_directory(make_directory(parent), std::string(name));
  directory_index_.emplace(path, index);
  return index;
}

uint32_t Snapshot::make_parent(const std::string& prefix, std::string_view path) {
  const std::string_view parent = base::split_path(path).directory;
  if (last_parent_.prefix != prefix || last_parent_.path != parent) {
    const uint32_t index = make_directory(cat(prefix, parent.empty() ? "" : "/", parent));
    last_parent_ = {prefix, std::string(parent), index};
  }
  return last_parent_.index;
}

uint32_t Snapshot::add_directory(uint32_t parent, std::string name) {
  const auto index = static_cast<uint32_t>(directories_.size());
  directories_.emplace_back();
  directories_[parent].nodes.push_back({std::move(name), mode_directory, index});
  return index;
}

void Snapshot::add_blob(uint32_t parent, std::string name, uint32_t mode, Blob blob) {
  directories_[parent].nodes.push_back(
      {std::move(name), mode, static_cast<uint32_t>(blobs_.size())});
  Blob& added = blobs_.emplace_back(std::move(blob));
  if (added.content == nullptr) {
    added.id = empty_blob();
  } else if (packed(added) == nullptr) {
    hasher_.add(*added.content, added.size, added.id);
  }
}

void Snapshot::encode_directory(uint32_t index, base::Hasher& hasher) {
  if (directories_[index].nodes.empty()) {
    ++summary_.placeholders;
    add_blob(index, std::string(placeholder), mode_file, {});
  }
  std::vector<TreeEntry> entries;
  // By index: encoding a child may add placeholders, but never to a directory that is finished.
  for (size_t i = 0; i < directories_[index].nodes.size(); ++i) {
    Node& child = directories_[index].nodes[i];
    const bool may_be_link =
        empty_ == EmptyDirectory::gitlink && index != 0 && child.mode == mode_directory &&
        directories_[child.index].nodes.empty() && !directories_[child.index].has_refused;
    if (may_be_link) {
      child.mode = mode_gitlink;
      ++summary_.placeholders;
      entries.push_back({mode_gitlink, child.name, object_id(hasher, ObjectType::tree, "")});
      continue;
    }
    const Node node = child;
    if (node.mode == mode_directory) {
      encode_directory(node.index, hasher);
      const Directory& made = directories_[node.index];
      if (made.encoded.size() > largest_tree) refuse_size(node.name, made.nodes.size());
    }
    entries.push_back(
        {node.mode, node.name,
         node.mode == mode_directory ? directories_[node.index].id : blobs_[node.index].id});
  }
  Directory& directory = directories_[index];
  directory.encoded = encode_tree(std::move(entries));
  directory.id = object_id(hasher, ObjectType::tree, directory.encoded);
}

}  // namespace git
