#include "base/tar_record.hpp"

#include <algorithm>
#include <string>

#include "base/text.hpp"

namespace base {
namespace {

constexpr uint64_t largest_number = INT64_MAX;

/// A field up to its first NUL.
std::string_view text_field(TarRecord header, size_t at, size_t length) {
  const std::string_view field(header.data() + at, length);
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

std::optional<uint64_t> octal_number(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned>(c) - '0';
    if (digit >= 8 || value > largest_number >> 3) return std::nullopt;
    value = value << 3 | digit;
  }
  return value;
}

/// Nothing when the field holds anything but a number from 0 to 2^63 - 1.
std::optional<uint64_t> number_field(TarRecord header, size_t at, size_t length) {
  std::string_view field(header.data() + at, length);
  if ((static_cast<unsigned char>(field[0]) & 0x80U) != 0) return binary_number(field);
  // The number in front may fill its field so far that its NUL is the first byte of this one.
  field.remove_prefix(std::min(field.find_first_not_of('\0'), length - 1));
  return octal_number(trim(field.substr(0, field.find('\0'))));
}

}  // namespace

bool is_zero(TarRecord header) {
  return std::all_of(header.begin(), header.end(), [](char c) { return c == '\0'; });
}

bool has_right_sum(TarRecord header) {
  int64_t plain = 0;
  int64_t with_sign = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    const bool is_sum = i >= 148 && i < 156;
    const char c = is_sum ? ' ' : header[i];
    plain += static_cast<unsigned char>(c);
    with_sign += static_cast<signed char>(c);
  }
  const auto sum = number_field(header, 148, 8);
  return sum && (static_cast<int64_t>(*sum) == plain || static_cast<int64_t>(*sum) == with_sign);
}

char tar_type(TarRecord header) {
  return header[156];
}

bool is_gnu_header(TarRecord header) {
  return std::string_view(header.data() + 257, 8) == std::string_view("ustar  \0", 8);
}

bool has_front_part(TarRecord header) {
  if (std::string_view(header.data() + 257, 6) == std::string_view("ustar\0", 6)) return true;
  // GNU archives keep times there. Go before 1.8, and with it Docker, also put names there.
  if (!is_gnu_header(header)) return false;
  const auto is_time = [&](size_t at) {
    // So does one before 1970 begin.
    return header[at] == '\0' || header[at] == '\xff' || number_field(header, at, 12);
  };
  const std::string_view text = text_field(header, 345, 155);
  const bool is_ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) > 0; });
  return is_ascii && !(is_time(345) && is_time(357));
}

std::string tar_name(TarRecord header) {
  const std::string_view name = text_field(header, 0, 100);
  const std::string_view prefix = has_front_part(header) ? text_field(header, 345, 155) : "";
  return prefix.empty() ? std::string(name) : cat(prefix, '/', name);
}

std::string_view tar_link(TarRecord header) {
  return text_field(header, 157, 100);
}

std::optional<uint64_t> tar_size(TarRecord header) {
  return number_field(header, 124, 12);
}

bool is_bare_type(char type) {
  return type >= '1' && type <= '6';
}

uint64_t tar_padding(uint64_t size) {
  return (tar_record_size - size % tar_record_size) % tar_record_size;
}

bool for_each_pax_record(
    std::string_view records,
    const std::function<void(std::string_view key, std::string_view value)>& take) {
  while (!records.empty()) {
    // "<length of the whole record> <key>=<value>\n"
    const size_t blank = records.find(' ');
    const auto length =
        blank == std::string_view::npos ? std::nullopt : parse_number(records.substr(0, blank));
    if (!length || *length > records.size() || *length < blank + 3) return false;
    const std::string_view record = records.substr(blank + 1, *length - blank - 1);
    const size_t equals = record.find('=');
    if (record.back() != '\n' || equals == 0 || equals == std::string_view::npos) return false;
    take(record.substr(0, equals), record.substr(equals + 1, record.size() - equals - 2));
    records.remove_prefix(*length);
  }
  return true;
}

std::optional<uint64_t> pax_number(std::string_view digits) {
  const auto number = parse_number(digits);
  return number > largest_number ? std::nullopt : number;
}

}  // namespace base
