#include "rootfs/pax_header.hpp"

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

/// Of programs whose sparse files are nobody else's.
bool is_foreign(std::string_view key) {
  return key == "SCHILY.realsize" || key == "SUN.holesdata";
}

/// A decimal number of seconds that is negative and not whole; nothing for all others.
std::optional<PaxHeader::Time> time_before_1970(std::string_view text) {
  const size_t point = text.find('.');
  if (!text.starts_with('-') || point == std::string_view::npos) return std::nullopt;
  std::string digits(text.substr(point + 1, 9));
  digits.resize(9, '0');
  const auto whole = point == 1 ? 0 : base::pax_number(text.substr(1, point - 1));
  const auto fraction = base::pax_number(digits);
  if (!whole || !fraction || *fraction == 0) return std::nullopt;
  return PaxHeader::Time{-static_cast<int64_t>(*whole) - 1,
                         static_cast<uint32_t>(1'000'000'000 - *fraction)};
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
    if (key == "mtime") header_.mtime = time_before_1970(value);
    if (key == "size") {
      // An empty value takes back what an earlier record said.
      header_.size = base::pax_number(value);
      if (!header_.size && !value.empty()) refuse("has a damaged size in its pax header");
    }
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
  void hide(std::string_view key) {
    text_[static_cast<size_t>(key.data() - text_.data())] = first_of_no_key;
  }

  void refuse(std::string problem) {
    if (header_.problem.empty()) header_.problem = std::move(problem);
  }

  std::span<char> text_;
  PaxHeader header_;
  SparseRecords sparse_;
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

}  // namespace rootfs
