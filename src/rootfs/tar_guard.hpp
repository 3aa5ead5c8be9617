#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/tar_record.hpp"
#include "rootfs/pax_header.hpp"

namespace rootfs {

/// Follows the headers of a tar stream ahead of the library that reads it. What tar readers take in
/// different ways, or what would cost memory without end, it refuses; where the rules are clear and
/// the library has its own, it says or writes what they are.
class TarGuard {
 public:
  /// What an entry is in spite of what the library makes of it.
  struct Correction {
    std::optional<std::string> path{};
    std::optional<std::string> link{};
    std::optional<PaxHeader::Time> mtime{};
    bool is_file = false;  ///< A regular file although its name ends in a slash.
  };

  /// Looks at the next bytes of the stream: whole records but for the last call. May change them,
  /// for the library to see what the rules say. Error when the layer is damaged. Where a header's
  /// text does not end within `bytes`, gives how many are missing; it is to be given again, as a
  /// whole, from `position()` on.
  size_t look(std::span<char> bytes);
  /// How many zeros are to follow when the stream ends `count` bytes behind `position()` and lacks
  /// nothing but what fills up the last record of a file: some writers leave it out.
  size_t missing_padding(size_t count) const;
  /// How much of the stream has been looked at.
  uint64_t position() const { return position_; }
  /// The correction for the next entry, whose first header begins at `position`; nothing when it
  /// does not.
  std::optional<Correction> take(uint64_t position);
  /// Whether the entries, all of which have been taken, end at `position`.
  bool ends_at(uint64_t position) const;

 private:
  /// What the headers in front of an entry say of it.
  struct Pending {
    std::optional<uint64_t> start{};  ///< Of the first of them.
    std::optional<std::string> gnu_path{}, gnu_link{};
    PaxHeader pax{};
  };
  enum class State { header, text, content, sparse_map, sparse_header, end };

  void look_at(std::span<char, base::tar_record_size> record);
  void read_header(std::span<char, base::tar_record_size> header);
  void read_text(std::span<char> text);
  void begin_entry(std::span<char, base::tar_record_size> header, uint64_t size);
  void correct(std::string_view header_name, char type);
  void skip(uint64_t size);
  void read_map_size(base::TarRecord record);
  void read_sparse_header(base::TarRecord record);
  [[noreturn]] void refuse(std::string_view problem) const;

  State state_ = State::header;
  uint64_t position_ = 0;  ///< Of the record at hand.
  uint64_t left_ = 0;      ///< Records of the content or text that are still to come.
  uint64_t padding_ = 0;   ///< Behind the content.
  char text_type_ = 0;
  uint64_t text_size_ = 0;
  uint64_t sparse_headers_ = 0;
  Pending pending_;
  std::string last_name_;
  std::deque<std::pair<uint64_t, Correction>> entries_;  ///< Not yet taken; each with its position.
};

}  // namespace rootfs
