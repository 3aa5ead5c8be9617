#include "oci/tar_headers.hpp"

#include <algorithm>
#include <array>

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
    const bool is_bare = base::is_bare_type(header.type);
    if (is_bare) header.size = 0;
    const bool is_entry = !is_record && header.type != 'g';
    if (is_entry && with.size && !is_bare) header.size = *with.size;
    if (header.size > room()) refuse("the archive is cut short");
    const uint64_t content = offset_;
    offset_ += std::min(room(), header.size + base::tar_padding(header.size));
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
