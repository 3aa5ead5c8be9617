#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace rootfs {

/// The records of a pax header that make a file a sparse one, in the three forms that GNU tar
/// writes (its manual, Sparse Formats). Readers differ in what they make of any others.
class SparseRecords {
 public:
  static bool is_one(std::string_view key) { return key.starts_with("GNU.sparse."); }

  /// The text they are in must stay.
  void take(std::string_view key, std::string_view value);
  /// Empty when there are none.
  std::string_view first_key() const { return first_key_; }
  /// Whether they are what one of the forms needs, and nothing else.
  bool is_complete() const;
  /// In form 1.0, it stands in front of the content.
  bool has_map_in_content() const { return !value("GNU.sparse.major").empty(); }
  std::string_view name() const { return value("GNU.sparse.name"); }

 private:
  std::string_view value(std::string_view key) const;
  bool has_pieces(uint64_t numbers) const;

  std::string_view first_key_;
  std::map<std::string_view, std::string_view> records_;  ///< All but form 0.0's pieces.
  uint64_t numbers_ = 0;                                  ///< Of form 0.0's pieces, two for each.
  bool is_good_ = true;
};

}  // namespace rootfs
