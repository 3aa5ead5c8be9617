#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "base/tar_record.hpp"
#include "base/text.hpp"
#include "rootfs/tar_writer.hpp"

namespace rootfs {
namespace {

using base::cat;
using base::EntryKind;

struct Field {
  size_t offset;
  size_t size;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8},
    size_field{124, 12}, mtime_field{136, 12}, checksum_field{148, 8}, type_field{156, 1},
    link_field{157, 100}, magic_field{257, 8}, major_field{329, 8}, minor_field{337, 8},
    prefix_field{345, 155};

/// The largest number that a field holds in octal digits and a NUL.
constexpr uint64_t octal_limit(const Field& field) {
  return (uint64_t{1} << (3 * (field.size - 1))) - 1;
}

/// One record of the archive.
class Header {
 public:
  void text(const Field& field, std::string_view value) {
    value.copy(&block_[field.offset], field.size);
  }

  /// In octal or, beyond that, in the binary form that began with GNU and star and that all current
  /// readers know.
  void number(const Field& field, uint64_t value) {
    const bool octal = value <= octal_limit(field);
    const unsigned bits = octal ? 3 : 8;
    for (size_t i = octal ? field.size - 1 : field.size; i-- > 0; value >>= bits) {
      const uint64_t digit = value & ((1U << bits) - 1);
      block_[field.offset + i] = static_cast<char>(octal ? '0' + digit : digit);
    }
    if (!octal) block_[field.offset] = static_cast<char>(0x80);
  }

  std::string finished() {
    text(magic_field, std::string_view("ustar\00000", 8));
    text(checksum_field, "        ");
    const unsigned sum = std::accumulate(
        block_.begin(), block_.end(), 0U,
        [](unsigned total, char byte) { return total + static_cast<unsigned char>(byte); });
    number({checksum_field.offset, 7}, sum);
    return block_;
  }

 private:
  std::string block_ = std::string(base::tar_record_size, '\0');
};

/// "<length> <key>=<value>\n", where the length counts its own digits.
void append_record(std::string_view key, std::string_view value, std::string& records) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (rest + std::to_string(length).size() != length) ++length;
  records += cat(length, " ", key, "=", value, "\n");
}

/// As GNU tar has it: these two characters would end the key or begin such an escape.
std::string xattr_key(std::string_view name) {
  std::string key = "SCHILY.xattr.";
  for (const char c : name) {
    if (c == '=') {
      key += "%3D";
    } else if (c == '%') {
      key += "%25";
    } else {
      key += c;
    }
  }
  return key;
}

std::string decimal_time(int64_t seconds, uint32_t nanoseconds) {
  std::string text;
  if (seconds < 0 && nanoseconds > 0) {  // They count forwards, decimals away from zero.
    text = seconds == -1 ? "-0" : std::to_string(seconds + 1);
    nanoseconds = 1'000'000'000 - nanoseconds;
  } else {
    text = std::to_string(seconds);
  }
  if (nanoseconds == 0) return text;
  const std::string digits = std::to_string(nanoseconds);
  return cat(text, ".", std::string(9 - digits.size(), '0'), digits);
}

char type_of(const base::Entry& entry) {
  switch (entry.kind) {
    case EntryKind::file:
      return '0';
    case EntryKind::hardlink:
      return '1';
    case EntryKind::symlink:
      return '2';
    case EntryKind::char_device:
      return '3';
    case EntryKind::block_device:
      return '4';
    case EntryKind::directory:
      return '5';
    case EntryKind::fifo:
      return '6';
    case EntryKind::socket:
      break;
  }
  throw base::Error(
      cat("\"", base::excerpt(entry.path), "\" is a socket, which a tar archive ", "cannot hold"));
}

/// Into the two fields that ustar has for a path, or else into a record.
void put_path(std::string path, bool directory, Header& header, std::string& records) {
  if (path.empty()) path = ".";
  if (directory) path += '/';
  if (path.size() <= name_field.size) return header.text(name_field, path);
  const size_t earliest = path.size() - name_field.size - 1;
  const size_t slash = path.find('/', earliest);
  if (slash > 0 && slash <= prefix_field.size && slash + 1 < path.size()) {
    header.text(prefix_field, std::string_view(path).substr(0, slash));
    return header.text(name_field, std::string_view(path).substr(slash + 1));
  }
  header.text(name_field, path);
  append_record("path", path, records);
}

void put_id(std::string_view key, const Field& field, uint64_t id, Header& header,
            std::string& records) {
  const bool fits = id <= octal_limit(field);
  header.number(field, fits ? id : 0);
  if (!fits) append_record(key, std::to_string(id), records);
}

void put_time(const base::Entry& entry, Header& header, std::string& records) {
  const auto largest = static_cast<int64_t>(octal_limit(mtime_field));
  const int64_t clamped = std::clamp<int64_t>(entry.mtime_seconds, 0, largest);
  header.number(mtime_field, static_cast<uint64_t>(clamped));
  if (clamped == entry.mtime_seconds && entry.mtime_nanoseconds == 0) return;
  append_record("mtime", decimal_time(entry.mtime_seconds, entry.mtime_nanoseconds), records);
}

void put_link(const std::string& link, Header& header, std::string& records) {
  header.text(link_field, link);
  if (link.size() > link_field.size) append_record("linkpath", link, records);
}

std::string pax_header(const std::string& records) {
  Header header;
  header.text(name_field, "././@PaxHeader");
  header.text(type_field, "x");
  header.number(mode_field, 0644);
  header.number(uid_field, 0);
  header.number(gid_field, 0);
  header.number(size_field, records.size());
  header.number(mtime_field, 0);
  return header.finished() + records + std::string(base::tar_padding(records.size()), '\0');
}

}  // namespace

std::string tar_header(const base::Entry& entry) {
  const char type = type_of(entry);
  const bool device = type == '3' || type == '4';
  Header header;
  std::string records;
  put_path(entry.path, entry.kind == EntryKind::directory, header, records);
  header.text(type_field, std::string_view(&type, 1));
  header.number(mode_field, entry.mode & 07777U);
  put_id("uid", uid_field, entry.uid, header, records);
  put_id("gid", gid_field, entry.gid, header, records);
  header.number(size_field, entry.kind == EntryKind::file ? entry.size : 0);
  put_time(entry, header, records);
  put_link(entry.link, header, records);
  header.number(major_field, device ? entry.device_major : 0);
  header.number(minor_field, device ? entry.device_minor : 0);
  // A further name of a file shares what the first one has.
  if (entry.kind != EntryKind::hardlink) {
    for (const base::Xattr& xattr : entry.xattrs) {
      append_record(xattr_key(xattr.name), xattr.value, records);
    }
  }
  return records.empty() ? header.finished() : pax_header(records) + header.finished();
}

}  // namespace rootfs
