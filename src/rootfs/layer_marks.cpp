#include "rootfs/layer_marks.hpp"

namespace rootfs {
namespace {

/// The finaliser of splitmix64: a bijection, so that inodes of one file system never collide.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

uint64_t key_of(const DirectoryId& id) {
  return mix(id.inode + mix(id.device));
}

uint64_t key_of(const DirectoryId& parent, std::string_view name) {
  uint64_t hash = key_of(parent);
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix(hash);
}

}  // namespace

bool KeySet::insert(uint64_t key) {
  if (count_ * 2 >= slots_.size()) grow();
  if (key == 0) key = 1;
  for (size_t at = key & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == key) return false;
    if (slots_[at] == 0) {
      slots_[at] = key;
      ++count_;
      return true;
    }
  }
}

bool KeySet::contains(uint64_t key) const {
  if (slots_.empty()) return false;
  if (key == 0) key = 1;
  for (size_t at = key & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == key) return true;
    if (slots_[at] == 0) return false;
  }
}

void KeySet::grow() {
  std::vector<uint64_t> old(slots_.empty() ? 64 : slots_.size() * 2);
  old.swap(slots_);
  count_ = 0;
  for (const uint64_t key : old) {
    if (key != 0) insert(key);
  }
}

void LayerMarks::start(Lower lower) {
  lower_ = lower;
  made_.clear();
  used_.clear();
  emptied_.clear();
  entries_.clear();
}

void LayerMarks::made_directory(const DirectoryId& id) {
  if (has_lower()) made_.insert(key_of(id));
}

bool LayerMarks::used_directory(const DirectoryId& id) {
  return has_lower() && used_.insert(key_of(id));
}

bool LayerMarks::emptied_directory(const DirectoryId& id) {
  return emptied_.insert(key_of(id));
}

void LayerMarks::made_entry(const DirectoryId& parent, std::string_view name) {
  if (has_lower() && !is_made(parent)) entries_.insert(key_of(parent, name));
}

bool LayerMarks::is_made(const DirectoryId& directory) const {
  return !has_lower() || made_.contains(key_of(directory));
}

bool LayerMarks::is_used(const DirectoryId& directory) const {
  return is_made(directory) || used_.contains(key_of(directory));
}

bool LayerMarks::is_own_entry(const DirectoryId& parent, std::string_view name) const {
  return is_made(parent) || entries_.contains(key_of(parent, name));
}

}  // namespace rootfs
