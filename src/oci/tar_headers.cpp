#include "oci/tar_headers.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

constexpr uint64_t block_size = 512;
constexpr uint64_t longest_record = 1024 * 1024;  ///< Of a pax header or a long name.
constexpr uint64_t largest_number = INT64_MAX;

using Block = std::array<char, block_size>;

/// A field up to its first NUL.
std::string_view text_field(const Block& block, size_t at, size_t length) {
  const std::string_view field(block.data() + at, length);
  return field.substr(0, field.find('\0'));
}

/// GNU's form for numbers that octal digits have no room for: big-endian behind the top bit.
std::optional<uint64_t> binary_number(std::string_view field) {
  uint64_t value = static_cast<unsigned char>(field[0]) & 0x7fU;
  for (const char c : field.substr(1)) {
    if (value > largest_number >> 8) return std::nullopt;
    value = value << 8 | static_cast<unsigned char>(c);
  }
  return value;
}

std::optional<uint64_t> number(std::string_view digits, unsigned base) {
  uint64_t value = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned>(c) - '0';
    if (digit >= base || value > (largest_number - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

/// Nothing when the field holds anything but a number from 0 to 2^63 - 1.
std::optional<uint64_t> number_field(const Block& block, size_t at, size_t length) {
  const std::string_view field(block.data() + at, length);
  if ((static_cast<unsigned char>(field[0]) & 0x80U) != 0) return binary_number(field);
  return number(base::trim(field.substr(0, field.find('\0'))), 8);
}

/// Old programs took the bytes as signed.
bool has_right_sum(const Block& block) {
  int64_t plain = 0;
  int64_t with_sign = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    const bool is_sum = i >= 148 && i < 156;
    const char c = is_sum ? ' ' : block[i];
    plain += static_cast<unsigned char>(c);
    with_sign += static_cast<signed char>(c);
  }
  const auto sum = number_field(block, 148, 8);
  return sum && (static_cast<int64_t>(*sum) == plain || static_cast<int64_t>(*sum) == with_sign);
}

}  // namespace

struct TarHeaders::Header {
  char type = 0;
  std::string name;
  std::string target;
  uint64_t size = 0;
};

/// What the records in front of a header put in its place.
struct TarHeaders::Override {
  std::optional<std::string> name{};
  std::optional<std::string> target{};
  std::optional<uint64_t> size{};
};

TarHeaders::TarHeaders(std::shared_ptr<const base::UniqueFd> fd, std::string name)
    : fd_(std::move(fd)), name_(std::move(name)), file_size_(base::file_size(fd_->get())) {}

void TarHeaders::refuse(std::string_view problem) const {
  throw base::Error(cat(base::printable(name_), ": ", problem));
}

bool TarHeaders::read_header(Header& header) {
  Block block;
  const uint64_t start = offset_;
  if (room() < block_size) {
    refuse(start == 0 ? "is not a tar archive" : "the archive is cut short");
  }
  base::FilePart source(fd_, start, block_size, name_);
  base::read_full(source, block);
  offset_ += block_size;
  if (std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; })) return false;
  if (!has_right_sum(block)) {
    refuse(start == 0 ? "is not a tar archive" : cat("damaged header at byte ", start));
  }
  header.type = block[156];
  header.name = text_field(block, 0, 100);
  header.target = text_field(block, 157, 100);
  // GNU archives keep times where ustar has the front part of long names.
  if (std::string_view(block.data() + 257, 6) == std::string_view("ustar\0", 6)) {
    const std::string_view prefix = text_field(block, 345, 155);
    if (!prefix.empty()) header.name = cat(prefix, '/', header.name);
  }
  const auto size = number_field(block, 124, 12);
  if (!size) refuse(cat("damaged size at byte ", start));
  header.size = *size;
  return true;
}

std::string TarHeaders::read_content(uint64_t size) const {
  if (size > longest_record) refuse("a header is longer than any tool would write it");
  if (size > room()) refuse("the archive is cut short");
  base::FilePart source(fd_, offset_, size, name_);
  return base::read_all(source, longest_record, name_);
}

void TarHeaders::read_pax(std::string_view records, Override& with) const {
  while (!records.empty()) {
    // "<length of the whole record> <key>=<value>\n"
    const size_t blank = records.find(' ');
    const auto length = blank == 0 || blank == std::string_view::npos
                            ? std::nullopt
                            : number(records.substr(0, blank), 10);
    if (!length || *length > records.size() || *length < blank + 3) refuse("damaged pax header");
    const std::string_view record = records.substr(blank + 1, *length - blank - 1);
    const size_t equals = record.find('=');
    if (record.back() != '\n' || equals == std::string_view::npos) refuse("damaged pax header");
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1, record.size() - equals - 2);
    if (key == "path") with.name = value;
    if (key == "linkpath") with.target = value;
    if (key == "size") {
      with.size = number(value, 10);
      if (!with.size) refuse("damaged size in a pax header");
    }
    if (key.starts_with("GNU.sparse.")) refuse("holds a sparse file; make it without --sparse");
    records.remove_prefix(*length);
  }
}

std::optional<TarMember> TarHeaders::next() {
  Override with;
  Header header;
  for (;;) {
    if (!read_header(header)) return std::nullopt;
    const bool is_record = header.type == 'x' || header.type == 'L' || header.type == 'K';
    if (is_record) {
      const std::string content = read_content(header.size);
      if (header.type == 'x') read_pax(content, with);
      if (header.type == 'L') with.name = content.substr(0, content.find('\0'));
      if (header.type == 'K') with.target = content.substr(0, content.find('\0'));
    } else if (header.type == 'S') {
      refuse("holds a sparse file; make it without --sparse");
    }
    // What is no file has no content, whatever its header says (POSIX.1-2017 pax, ustar).
    const bool is_bare = header.type >= '1' && header.type <= '6';
    if (is_bare) header.size = 0;
    const bool is_entry = !is_record && header.type != 'g';
    if (is_entry && with.size && !is_bare) header.size = *with.size;
    if (header.size > room()) refuse("the archive is cut short");
    const uint64_t content = offset_;
    const uint64_t padding = (block_size - header.size % block_size) % block_size;
    offset_ += std::min(room(), header.size + padding);
    if (!is_entry) continue;

    TarMember member{TarMember::Kind::other, with.name.value_or(header.name),
                     with.target.value_or(header.target), content, header.size};
    const bool is_file = header.type == '0' || header.type == '\0' || header.type == '7';
    if (is_file && !member.name.ends_with('/')) member.kind = TarMember::Kind::file;
    if (header.type == '1') member.kind = TarMember::Kind::hard_link;
    if (header.type == '2') member.kind = TarMember::Kind::symlink;
    return member;
  }
}

}  // namespace oci
