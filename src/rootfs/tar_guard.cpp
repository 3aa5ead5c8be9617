#include "rootfs/tar_guard.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {
namespace {

using base::cat;
using base::excerpt;
using base::printable;
using base::tar_record_size;

/// Each takes some dozen bytes of memory; a file of so many holes does not exist.
constexpr uint64_t most_sparse_pieces = 1024 * 1024;
constexpr uint64_t pieces_of_a_header = 21;
constexpr size_t shown_bytes = 40;
constexpr std::string_view known_types(
    "\0"
    "01234567LKxgS",
    14);

void write_sum(std::span<char, tar_record_size> header) {
  std::memset(header.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  for (size_t at = 154; at-- > 148; sum /= 8) header[at] = static_cast<char>('0' + sum % 8);
  header[154] = '\0';
}

void set_size_to_zero(std::span<char, tar_record_size> header) {
  std::memcpy(header.data() + 124, "00000000000", 12);
  write_sum(header);
}

/// The library takes a record's text only for a link that has one in its header, too. Some writers
/// leave that field empty when the text is long or not ASCII.
void fill_link_field(std::span<char, tar_record_size> header) {
  header[157] = '-';
  write_sum(header);
}

/// Writes what the library would misread in the way that it knows.
void respell(std::span<char, tar_record_size> header) {
  bool is_changed = false;
  if (base::is_gnu_header(header) && base::has_front_part(header)) {
    std::memcpy(header.data() + 257, "ustar\00000", 8);
    is_changed = true;
  }
  // To the library a NUL ends a number, also in front of one.
  constexpr std::array<std::pair<size_t, size_t>, 7> numbers{
      {{100, 8}, {108, 8}, {116, 8}, {124, 12}, {136, 12}, {329, 8}, {337, 8}}};
  for (const auto& [at, length] : numbers) {
    const size_t digits = std::string_view(header.data() + at, length).find_first_not_of('\0');
    if (digits == 0 || digits == std::string_view::npos) continue;
    std::memset(header.data() + at, ' ', digits);
    is_changed = true;
  }
  if (is_changed) write_sum(header);
}

/// Whether a GNU header's fields of a sparse file, the first pieces of its map and its size, are
/// used by those that are one, and by no others. POSIX has other fields there.
bool has_right_sparse_fields(base::TarRecord header) {
  const bool is_sparse = base::tar_type(header) == 'S';
  if (!base::is_gnu_header(header)) return !is_sparse;
  return (header[386] != '\0') == is_sparse && (header[483] != '\0') == is_sparse;
}

/// How many records content or text of `size` bytes takes.
uint64_t records_of(uint64_t size) {
  return (size + base::tar_padding(size)) / tar_record_size;
}

/// The text of one of GNU's long names, up to its first NUL.
std::string name_in(std::span<const char> text) {
  const std::string_view bytes(text.data(), text.size());
  return std::string(bytes.substr(0, bytes.find('\0')));
}

}  // namespace

void TarGuard::refuse(std::string_view problem) const {
  throw base::Error(cat("layer is corrupt: ", problem, " at byte ", position_,
                        last_name_.empty() ? "" : ", behind entry \"", excerpt(last_name_),
                        last_name_.empty() ? "" : "\""));
}

size_t TarGuard::look(std::span<char> bytes) {
  while (bytes.size() >= tar_record_size && state_ != State::end) {
    const uint64_t most = bytes.size() / tar_record_size;
    uint64_t count = 1;
    if (state_ == State::text) {
      if (left_ > most) break;
      count = left_;
      read_text(bytes.first(static_cast<size_t>(text_size_)));
    } else if (state_ == State::content && left_ > 0) {
      count = std::min(left_, most);
      left_ -= count;
      if (left_ == 0) state_ = State::header;
    } else {
      look_at(bytes.first<tar_record_size>());
    }
    position_ += count * tar_record_size;
    bytes = bytes.subspan(static_cast<size_t>(count * tar_record_size));
  }
  return state_ == State::text ? static_cast<size_t>(left_ * tar_record_size) - bytes.size() : 0;
}

size_t TarGuard::missing_padding(size_t count) const {
  const bool is_last_record = state_ == State::content && left_ == 1 && count < tar_record_size;
  return is_last_record && count + padding_ >= tar_record_size ? tar_record_size - count : 0;
}

std::optional<TarGuard::Correction> TarGuard::take(uint64_t position) {
  if (entries_.empty() || entries_.front().first != position) return std::nullopt;
  Correction correction = std::move(entries_.front().second);
  entries_.pop_front();
  return correction;
}

bool TarGuard::ends_at(uint64_t position) const {
  const bool is_between_entries = state_ == State::end || state_ == State::header;
  return is_between_entries && entries_.empty() && pending_.start.value_or(position_) == position;
}

void TarGuard::look_at(std::span<char, tar_record_size> record) {
  switch (state_) {
    case State::header:
      return read_header(record);
    case State::sparse_map:
      return read_map_size(record);
    case State::sparse_header:
      return read_sparse_header(record);
    case State::text:
    case State::content:
    case State::end:
      return;
  }
}

void TarGuard::read_header(std::span<char, tar_record_size> header) {
  if (base::is_zero(header)) {
    // What follows the end marker is nobody's business; half of one is for the reader to judge.
    state_ = State::end;
    if (!pending_.start) pending_.start = position_;
    return;
  }
  if (!base::has_right_sum(header)) {
    if (position_ == 0) {
      throw base::Error(cat("layer is not a tar archive: begins with \"",
                            printable({header.data(), shown_bytes}), "\""));
    }
    refuse("a damaged header");
  }
  respell(header);
  const char type = base::tar_type(header);
  if (known_types.find(type) == std::string_view::npos) {
    refuse(cat("entry \"", excerpt(base::tar_name(header)), "\" is of the unknown type '",
               printable({&type, 1}), "'"));
  }
  const auto size = base::tar_size(header);
  if (!size) refuse("a damaged size");
  if (!pending_.start) pending_.start = position_;
  if (type != 'x' && type != 'g' && type != 'L' && type != 'K') return begin_entry(header, *size);
  if (*size > base::longest_tar_text) {
    refuse(cat("a header of ", base::human_size(*size), ", more than any program writes,"));
  }
  text_type_ = type;
  text_size_ = *size;
  left_ = records_of(*size);
  state_ = State::text;
  if (left_ == 0) read_text({});
}

void TarGuard::read_text(std::span<char> text) {
  state_ = State::header;
  if (text_type_ == 'L') pending_.gnu_path = name_in(text);
  if (text_type_ == 'K') pending_.gnu_link = name_in(text);
  // Some readers go by the entry's own header then, others give it no name.
  const bool is_empty = pending_.gnu_path == "" || pending_.gnu_link == "";
  if (is_empty) refuse("a header whose long name is empty");
  if (text_type_ == 'g') hide_pax_records(text);
  if (text_type_ != 'x') return;
  auto pax = read_pax_header(text);
  if (!pax) refuse("a damaged pax header");
  pending_.pax = std::move(*pax);
}

void TarGuard::begin_entry(std::span<char, tar_record_size> header, uint64_t size) {
  const char type = base::tar_type(header);
  const PaxHeader& pax = pending_.pax;
  std::string name = pax.path.value_or(pending_.gnu_path.value_or(base::tar_name(header)));
  const auto refuse_entry = [&](std::string_view problem) {
    refuse(cat("\"", excerpt(name), "\" ", problem));
  };
  if (!pax.problem.empty()) refuse_entry(pax.problem);
  if (base::is_bare_type(type)) {
    // Readers differ in whether content follows. POSIX has none, whatever the field says.
    if (pax.size.value_or(0) != 0) {
      refuse_entry("is no file but has a size in its pax header");
    }
    if (size != 0) set_size_to_zero(header);
    size = 0;
  } else {
    size = pax.size.value_or(size);
  }
  if (size != 0 && name.ends_with('/')) {
    refuse_entry("is a file with content and the name of a directory");
  }
  const bool has_long_link = pax.link || pending_.gnu_link;
  if ((type == '1' || type == '2') && base::tar_link(header).empty()) {
    if (!has_long_link && type == '1') refuse_entry("is a hard link to nothing");
    if (has_long_link) fill_link_field(header);
  }
  if (!has_right_sparse_fields(header)) refuse_entry("is a sparse file with a damaged map");
  if (pax.sparse_map != PaxHeader::SparseMap::none && type != '0') {
    refuse_entry("is no file but sparse by its pax header");
  }
  correct(name, type);
  const bool has_map = pax.sparse_map == PaxHeader::SparseMap::in_content;
  pending_ = {};
  last_name_ = std::move(name);
  skip(size);
  if (has_map && left_ > 0) state_ = State::sparse_map;
  const bool has_more_headers = type == 'S' && header[482] != '\0';
  sparse_headers_ = 0;
  if (has_more_headers) state_ = State::sparse_header;
}

void TarGuard::correct(std::string_view name, char type) {
  Correction correction;
  // The records' order does not matter: pax goes before GNU.
  if (pending_.gnu_path) correction.path = pending_.pax.path;
  if (pending_.gnu_link) correction.link = pending_.pax.link;
  correction.mtime = pending_.pax.mtime;
  correction.is_file = type == '0' && name.ends_with('/');
  entries_.emplace_back(*pending_.start, std::move(correction));
}

void TarGuard::skip(uint64_t size) {
  left_ = records_of(size);
  padding_ = base::tar_padding(size);
  state_ = left_ == 0 ? State::header : State::content;
}

void TarGuard::read_map_size(base::TarRecord record) {
  const std::string_view text(record.data(), record.size());
  const auto pieces = base::pax_number(text.substr(0, text.find('\n')));
  if (!pieces || *pieces > most_sparse_pieces) refuse("a sparse file with a damaged map");
  state_ = State::content;
  if (--left_ == 0) state_ = State::header;
}

void TarGuard::read_sparse_header(base::TarRecord record) {
  if (++sparse_headers_ * pieces_of_a_header > most_sparse_pieces) {
    refuse("a sparse file with a damaged map");
  }
  if (record[504] != '\0') return;
  state_ = left_ == 0 ? State::header : State::content;
}

}  // namespace rootfs
