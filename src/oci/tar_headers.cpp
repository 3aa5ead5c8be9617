#include "oci/tar_headers.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/tar_record.hpp"
#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

[[noreturn]] void refuse(std::string_view problem) {
  throw base::Error(std::string(problem));
}

/// Whether a header stands before another one and says something of it.
bool is_record(char type) {
  return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

TarMember::Kind kind_of(char type, std::string_view name) {
  const bool is_file = type == '0' || type == '\0' || type == '7';
  if (is_file && !name.ends_with('/')) return TarMember::Kind::file;
  if (type == '1') return TarMember::Kind::hard_link;
  if (type == '2') return TarMember::Kind::symlink;
  return TarMember::Kind::other;
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

TarHeaders::TarHeaders(std::shared_ptr<const base::UniqueFd> fd)
    : fd_(std::move(fd)), file_size_(base::file_size(fd_->get())) {}

bool TarHeaders::read_header(Header& header) {
  std::array<char, base::tar_record_size> record;
  const uint64_t start = offset_;
  if (room() < record.size()) {
    refuse(start == 0 ? "is not a tar archive" : "the archive is cut short: it has no end marker");
  }
  base::FilePart source(fd_, start, record.size(), "the archive");
  base::read_full(source, record);
  offset_ += record.size();
  if (base::is_zero(record)) return false;
  if (!base::has_right_sum(record)) {
    refuse(start == 0 ? "is not a tar archive" : cat("damaged header at byte ", start));
  }
  header.type = base::tar_type(record);
  header.name = base::tar_name(record);
  header.target = base::tar_link(record);
  const auto size = base::tar_size(record);
  if (!size) refuse(cat("damaged size at byte ", start));
  header.size = *size;
  return true;
}

std::string TarHeaders::read_content(uint64_t size) const {
  if (size > base::longest_tar_text) refuse("a header is longer than any tool would write it");
  if (size > room()) refuse("the archive is cut short");
  base::FilePart source(fd_, offset_, size, "the archive");
  return base::read_all(source, base::longest_tar_text, "the archive");
}

void TarHeaders::read_pax(std::string_view records, Override& with) const {
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key == "path") with.name = value;
    if (key == "linkpath") with.target = value;
    if (key == "size") {
      with.size = base::pax_number(value);
      if (!with.size) refuse("damaged size in a pax header");
    }
    if (key.starts_with("GNU.sparse.")) refuse("holds a sparse file; make it without --sparse");
  };
  if (!base::for_each_pax_record(records, take)) refuse("damaged pax header");
}

void TarHeaders::read_record(const Header& header, Override& with) const {
  if (header.type == 'g') return;
  const std::string content = read_content(header.size);
  if (header.type == 'x') read_pax(content, with);
  if (header.type == 'L') with.name = content.substr(0, content.find('\0'));
  if (header.type == 'K') with.target = content.substr(0, content.find('\0'));
}

uint64_t TarHeaders::pass_over(uint64_t size) {
  if (size > room()) refuse("the archive is cut short");
  return std::exchange(offset_, offset_ + std::min(room(), size + base::tar_padding(size)));
}

std::optional<TarMember> TarHeaders::next() {
  Override with;
  Header header;
  while (read_header(header)) {
    if (header.type == 'S') refuse("holds a sparse file; make it without --sparse");
    if (is_record(header.type)) {
      read_record(header, with);
      pass_over(header.size);
      continue;
    }
    // What is no file has no content, whatever its header says (POSIX.1-2017 pax, ustar).
    const uint64_t size = base::is_bare_type(header.type) ? 0 : with.size.value_or(header.size);
    const std::string name = with.name.value_or(header.name);
    return TarMember{kind_of(header.type, name), name, with.target.value_or(header.target),
                     pass_over(size), size};
  }
  return std::nullopt;
}

}  // namespace oci
