#include "rootfs/sparse_records.hpp"

#include <algorithm>

#include "base/tar_record.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

constexpr std::string_view offset_key = "GNU.sparse.offset";
constexpr std::string_view length_key = "GNU.sparse.numbytes";

/// How many numbers a list with commas holds; 0 when anything in it is none.
uint64_t count_numbers(std::string_view list) {
  uint64_t count = 1;
  for (;; ++count) {
    const size_t comma = std::min(list.find(','), list.size());
    if (!base::pax_number(list.substr(0, comma))) return 0;
    if (comma == list.size()) return count;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

void SparseRecords::take(std::string_view key, std::string_view value) {
  if (first_key_.empty()) first_key_ = key;
  if (key != offset_key && key != length_key) {
    // Of two maps, libarchive takes both; of a count behind the first piece, it takes a new start.
    if (!records_.try_emplace(key, value).second || numbers_ != 0) is_good_ = false;
    return;
  }
  const bool is_next = key == (numbers_ % 2 == 0 ? offset_key : length_key);
  if (!is_next || !base::pax_number(value)) is_good_ = false;
  ++numbers_;
}

bool SparseRecords::is_complete() const {
  if (!is_good_) return false;
  std::string keys;
  for (const auto& [key, value] : records_) keys += base::cat(key.substr(11), ' ');
  if (keys == "major minor name realsize ") {
    return numbers_ == 0 && value("GNU.sparse.major") == "1" && value("GNU.sparse.minor") == "0" &&
           base::pax_number(value("GNU.sparse.realsize"));
  }
  if (!base::pax_number(value("GNU.sparse.size"))) return false;
  if (keys == "map name numblocks size ") {
    return numbers_ == 0 && has_pieces(count_numbers(value("GNU.sparse.map")));
  }
  return keys == "numblocks size " && has_pieces(numbers_);
}

std::string_view SparseRecords::value(std::string_view key) const {
  const auto found = records_.find(key);
  return found == records_.end() ? std::string_view() : found->second;
}

bool SparseRecords::has_pieces(uint64_t numbers) const {
  const auto pieces = base::pax_number(value("GNU.sparse.numblocks"));
  return pieces && *pieces > 0 && *pieces * 2 == numbers;
}

}  // namespace rootfs
