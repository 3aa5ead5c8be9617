#include <bit>

#include "git/snapshot.hpp"

namespace git {
namespace {

bool is_blob(uint32_t mode) {
  return mode != mode_directory && mode != mode_gitlink;
}

}  // namespace

void Snapshot::mark_repeated() {
  // A hash table of numbers: one of ids would be the largest thing in memory.
  constexpr uint32_t none = UINT32_MAX;
  std::vector<uint32_t> slots(std::bit_ceil(2 * blobs_.size() + 1), none);
  const OidHash hash;
  for (uint32_t i = 0; i < blobs_.size(); ++i) {
    Blob& blob = blobs_[i];
    size_t at = hash(blob.id) & (slots.size() - 1);
    while (slots[at] != none && blobs_[slots[at]].id != blob.id) at = (at + 1) & (slots.size() - 1);
    blob.repeated = slots[at] != none;
    if (!blob.repeated) slots[at] = i;
  }
}

template <class Visit>
void Snapshot::visit_outside(const std::unordered_set<Oid, OidHash>& known, Visit visit) const {
  std::vector<uint32_t> open = {0};
  while (!open.empty()) {
    const Directory& directory = directories_[open.back()];
    open.pop_back();
    if (known.contains(directory.id)) continue;
    visit(directory);
    for (const Node& node : directory.nodes) {
      if (node.mode == mode_directory) open.push_back(node.index);
    }
  }
}

template <class Visit>
void Snapshot::visit_blobs_outside(const std::unordered_set<Oid, OidHash>& known,
                                   Visit visit) const {
  // By number: a set of ids would be the largest thing in memory.
  std::vector<bool> seen(blobs_.size());
  visit_outside(known, [&](const Directory& directory) {
    for (const Node& node : directory.nodes) {
      if (!is_blob(node.mode) || seen[node.index]) continue;
      seen[node.index] = true;
      const Blob& blob = blobs_[node.index];
      // The first of equal ones is visited, too, or lies below a known tree.
      if (!blob.repeated && !known.contains(blob.id)) visit(blob);
    }
  });
}

std::vector<Oid> Snapshot::tree_ids() const {
  std::vector<Oid> ids;
  std::unordered_set<Oid, OidHash> seen;
  visit_outside({}, [&](const Directory& directory) {
    if (seen.insert(directory.id).second) ids.push_back(directory.id);
  });
  return ids;
}

std::vector<Oid> Snapshot::blob_ids_outside(const std::unordered_set<Oid, OidHash>& known) const {
  std::vector<Oid> ids;
  visit_blobs_outside(known, [&](const Blob& blob) { ids.push_back(blob.id); });
  return ids;
}

std::vector<PackObject> Snapshot::objects_outside(
    const std::unordered_set<Oid, OidHash>& known) const {
  std::unordered_set<Oid, OidHash> seen;
  std::vector<PackObject> objects;
  // Growing step by step would end at twice the size.
  objects.reserve(known.empty() ? directories_.size() + blobs_.size() + 1 : 0);
  visit_outside(known, [&](const Directory& directory) {
    if (!seen.insert(directory.id).second) return;
    objects.push_back(
        {directory.id, ObjectType::tree, directory.encoded.size(), directory.encoded});
  });
  visit_blobs_outside(known, [&](const Blob& blob) {
    objects.push_back({blob.id, ObjectType::blob, blob.size, {}, blob.content.get(), packed(blob)});
  });
  return objects;
}

}  // namespace git
