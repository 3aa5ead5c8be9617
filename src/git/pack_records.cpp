#include "git/pack_records.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace git {
namespace {

/// More than an image has entries by default (rootfs::Limits), each of which may be an object.
constexpr size_t most_records = 5'001'000;

}  // namespace

uint32_t PackRecords::add(uint64_t offset, const Record& record) {
  if (records_.size() == most_records) {
    throw base::Error("the server sent more objects than an image can have");
  }
  const auto number = static_cast<uint32_t>(records_.size());
  records_.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(offset >> 32U), record});
  if (by_id_ && !record.id.is_null()) by_id_->emplace(record.id, number);
  return number;
}

void PackRecords::settle(uint32_t number, const Record& record) {
  records_[number].record = record;
  if (by_id_ && !record.id.is_null()) by_id_->emplace(record.id, number);
}

std::optional<uint32_t> PackRecords::find(uint64_t offset) const {
  const auto found = std::lower_bound(
      records_.begin(), records_.end(), offset,
      [](const Placed& placed, uint64_t wanted) { return placed.offset() < wanted; });
  if (found == records_.end() || found->offset() != offset) return std::nullopt;
  return static_cast<uint32_t>(found - records_.begin());
}

std::optional<uint32_t> PackRecords::find(const Oid& id) {
  if (!by_id_) {
    by_id_.emplace();
    for (uint32_t number = 0; number < records_.size(); ++number) {
      const Record& record = records_[number].record;
      if (!record.id.is_null()) by_id_->emplace(record.id, number);
    }
  }
  const auto found = by_id_->find(id);
  if (found == by_id_->end()) return std::nullopt;
  return found->second;
}

}  // namespace git
