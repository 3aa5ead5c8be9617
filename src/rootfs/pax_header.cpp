#include "rootfs/pax_header.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/tar_record.hpp"
#include "base/text.hpp"
#include "rootfs/sparse_records.hpp"

namespace rootfs {
namespace {

using base::cat;
using base::excerpt;

constexpr char first_of_no_key = '-';

std::optional<std::string> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

bool is_count(std::string_view key) {
  return key == "size" || key == "uid" || key == "gid";
}

bool is_time(std::string_view key) {
  return key == "mtime" || key == "atime" || key == "ctime";
}

/// Of programs whose sparse files are nobody else's.
bool is_foreign(std::string_view key) {
  return key == "SCHILY.realsize" || key == "SUN.holesdata";
}

/// Decimal seconds with or without a fraction (pax Extended Header File Times).
std::optional<PaxHeader::Time> time_of(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const auto whole = base::pax_number(text.substr(0, point));
  std::string digits(text.substr(std::min(point + 1, text.size())));
  if (!whole || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  digits.resize(9, '0');
  const auto fraction = static_cast<uint32_t>(base::pax_number(digits).value_or(0));
  const auto seconds = static_cast<int64_t>(*whole);
  if (!is_negative) return PaxHeader::Time{seconds, fraction};
  if (fraction == 0) return PaxHeader::Time{-seconds, 0};
  return PaxHeader::Time{-seconds - 1, 1'000'000'000 - fraction};
}

/// Libarchive knows no such key.
void hide_key(std::string_view key, std::span<char> text) {
  text[static_cast<size_t>(key.data() - text.data())] = first_of_no_key;
}

class Reader {
 public:
  explicit Reader(std::span<char> text) : text_(text) {}

  void take(std::string_view key, std::string_view value) {
    if (key.starts_with("SCHILY.acl.")) return hide(key);
    if (key == "path") header_.path = unless_empty(value);
    if (key == "linkpath") header_.link = unless_empty(value);
    const bool is_name = key == "path" || key == "linkpath" || key == "GNU.sparse.name";
    if (is_name && value.find('\0') != std::string_view::npos) {
      refuse(cat("has the name \"", excerpt(value), "\", which holds a NUL byte"));
    }
    if (is_foreign(key)) {
      refuse(cat("has the pax record \"", key, "\", which only some readers obey,"));
    }
    if (SparseRecords::is_one(key)) sparse_.take(key, value);
    if (is_count(key) || is_time(key)) take_number(key, value);
  }

  PaxHeader finish() {
    if (sparse_.is_complete()) {
      if (const auto name = unless_empty(sparse_.name())) header_.path = name;
      header_.sparse_map = sparse_.has_map_in_content() ? PaxHeader::SparseMap::in_content
                                                        : PaxHeader::SparseMap::in_header;
    } else if (!sparse_.first_key().empty()) {
      refuse(cat("has the pax record \"", excerpt(sparse_.first_key()),
                 "\", but not all those of a sparse file,"));
    }
    return std::move(header_);
  }

 private:
  void take_number(std::string_view key, std::string_view value) {
    // A later record replaces an earlier one. If it is empty, the field of the entry's own header
    // counts, as if there were neither.
    const auto [earlier, is_first] = numbers_.try_emplace(std::string(key), key);
    if (!is_first) hide(std::exchange(earlier->second, key));
    const auto count = is_count(key) ? base::pax_number(value) : std::nullopt;
    const auto time = is_time(key) ? time_of(value) : std::nullopt;
    if (!count && !time && !value.empty()) {
      refuse(cat("has a damaged ", key, " \"", excerpt(value), "\" in its pax header"));
    }
    if (key == "size") header_.size = count;
    const bool is_corrected = time && time->seconds < 0 && time->nanoseconds != 0;
    if (key == "mtime") header_.mtime = is_corrected ? time : std::nullopt;
    if (value.empty()) hide(key);
  }

  void hide(std::string_view key) { hide_key(key, text_); }

  void refuse(std::string problem) {
    if (header_.problem.empty()) header_.problem = std::move(problem);
  }

  std::span<char> text_;
  PaxHeader header_;
  SparseRecords sparse_;
  std::map<std::string, std::string_view, std::less<>> numbers_;  ///< The last record's key.
};

}  // namespace

std::optional<PaxHeader> read_pax_header(std::span<char> text) {
  Reader reader(text);
  const bool is_good = base::for_each_pax_record(
      {text.data(), text.size()},
      [&](std::string_view key, std::string_view value) { reader.take(key, value); });
  if (!is_good) return std::nullopt;
  return reader.finish();
}

void hide_pax_records(std::span<char> text) {
  base::for_each_pax_record({text.data(), text.size()},
                            [&](std::string_view key, std::string_view) { hide_key(key, text); });
}

}  // namespace rootfs
