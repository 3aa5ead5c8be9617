#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "git/object.hpp"

namespace git {

/// What is known of each entry of a pack, in the pack's order: little, because there may be
/// millions.
class PackRecords {
 public:
  enum class State : uint8_t { passed_over, waiting, commit, tree, blob };
  struct Record {
    Oid id;  ///< Null while waiting, and when passed over.
    State state = State::passed_over;
    /// Commits and trees: for whoever keeps their contents. Blobs: their size, cut to 32 bits.
    uint32_t detail = 0;
  };

  /// Adds a record for the entry that starts at `offset`; returns its number.
  uint32_t add(uint64_t offset, const Record& record);
  /// Says what an entry that waited has turned out to be.
  void settle(uint32_t number, const Record& record);

  const Record& at(uint32_t number) const { return records_[number].record; }
  /// The entry that starts at `offset`.
  std::optional<uint32_t> find(uint64_t offset) const;
  /// An entry that holds the object `id`.
  std::optional<uint32_t> find(const Oid& id);

 private:
  struct Placed {
    uint32_t offset_low = 0;
    uint32_t offset_high = 0;
    Record record;
    uint64_t offset() const { return static_cast<uint64_t>(offset_high) << 32U | offset_low; }
  };

  std::deque<Placed> records_;
  /// Made when somebody asks by id: most packs never need it.
  std::optional<std::unordered_map<Oid, uint32_t, OidHash>> by_id_;
};

}  // namespace git
