#include "git/push_parts.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/cancel.hpp"

namespace git {
namespace {

/// What a part's tree has to say about an object: mode, name and id, none of which compresses.
constexpr uint64_t entry_overhead = 80;

using ById = std::unordered_map<Oid, const PackObject*, OidHash>;

/// The trees of `objects`, each behind those it names.
std::vector<PackObject> children_first(const std::vector<PackObject>& objects) {
  ById open;
  for (const PackObject& object : objects) {
    if (object.type == ObjectType::tree) open.emplace(object.id, &object);
  }
  struct Step {
    const PackObject* tree;
    bool children_done;
  };
  std::vector<PackObject> ordered;
  std::vector<Step> steps;
  for (const PackObject& object : objects) {
    if (open.contains(object.id)) steps.push_back({&object, false});
    while (!steps.empty()) {
      base::throw_if_cancelled();
      const Step step = steps.back();
      steps.pop_back();
      if (step.children_done) {
        ordered.push_back(*step.tree);
        continue;
      }
      if (open.erase(step.tree->id) == 0) continue;
      steps.push_back({step.tree, true});
      for (const TreeEntry& entry : parse_tree(step.tree->bytes)) {
        const auto child = open.find(entry.id);
        if (child != open.end()) steps.push_back({child->second, false});
      }
    }
  }
  return ordered;
}

uint64_t packed_at_most(const PackObject& object) {
  if (object.packed != nullptr) return object.packed->packed_size();
  // Data that does not compress is stored in blocks, each with a few bytes of its own.
  return object.size + object.size / 512 + 64;
}

}  // namespace

uint64_t size_in_part(const PackObject& object) {
  return packed_at_most(object) + entry_overhead;
}

std::vector<std::vector<PackObject>> split_objects(const std::vector<PackObject>& objects,
                                                   uint64_t limit) {
  std::vector<PackObject> ordered;
  for (const PackObject& object : objects) {
    if (object.type == ObjectType::blob) ordered.push_back(object);
  }
  for (const PackObject& tree : children_first(objects)) ordered.push_back(tree);
  std::vector<std::vector<PackObject>> parts;
  uint64_t room = 0;
  for (const PackObject& object : ordered) {
    const uint64_t size = size_in_part(object);
    if (parts.empty() || size > room) {
      parts.emplace_back();
      room = limit - std::min(limit, pack_overhead);
    }
    parts.back().push_back(object);
    room -= std::min(room, size);
  }
  return parts;
}

}  // namespace git
