#include "rootfs/layer_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <utility>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "rootfs/block_reader.hpp"

namespace rootfs {
namespace {

using Locale = base::Handle<std::remove_pointer_t<locale_t>, ::freelocale>;
using Archive = base::Handle<struct archive, archive_read_free>;

/// The plain C locale for this thread as long as the object lives. In a UTF-8 locale libarchive
/// turns decomposed names into composed ones; in this one it leaves their bytes alone.
class PlainLocale {
 public:
  explicit PlainLocale(locale_t plain) : before_(::uselocale(plain)) {}
  ~PlainLocale() { ::uselocale(before_); }
  PlainLocale(const PlainLocale&) = delete;
  PlainLocale& operator=(const PlainLocale&) = delete;

 private:
  locale_t before_;
};

std::string reason(struct archive* archive) {
  const char* text = archive_error_string(archive);
  return text == nullptr ? "unknown reason" : base::excerpt(text);
}

/// The callback side: hands blocks to libarchive and keeps what the stream threw meanwhile.
class Input : public BlockReader {
 public:
  using BlockReader::BlockReader;

  static la_ssize_t read(struct archive* archive, void* self, const void** data) noexcept {
    auto& input = *static_cast<Input*>(self);
    try {
      const std::span<const char> block = input.next();
      *data = block.data();
      return static_cast<la_ssize_t>(block.size());
    } catch (...) {
      input.failure_ = std::current_exception();
      archive_set_error(archive, EIO, "the stream failed");
      return ARCHIVE_FATAL;
    }
  }

  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  std::exception_ptr failure_;
};

/// The present file's bytes, holes of sparse files as zeros.
class Data : public base::ByteSource {
 public:
  Data(struct archive* archive, Input& input) : archive_(archive), input_(input) {}

  void start(uint64_t size) {
    size_ = size;
    position_ = 0;
    piece_ = {};
    piece_offset_ = 0;
  }

  size_t read(std::span<char> buffer) override {
    if (position_ == size_) return 0;
    if (position_ == piece_offset_ + piece_.size()) next_piece();
    size_t count = static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_ - position_));
    if (position_ < piece_offset_) {
      count = static_cast<size_t>(std::min<uint64_t>(count, piece_offset_ - position_));
      std::memset(buffer.data(), 0, count);
    } else {
      const size_t used = static_cast<size_t>(position_ - piece_offset_);
      count = std::min(count, piece_.size() - used);
      std::memcpy(buffer.data(), piece_.data() + used, count);
    }
    position_ += count;
    return count;
  }

 private:
  void next_piece() {
    for (;;) {
      const void* data = nullptr;
      size_t length = 0;
      la_int64_t offset = 0;
      const int code = archive_read_data_block(archive_, &data, &length, &offset);
      input_.rethrow();
      if (code == ARCHIVE_EOF) {
        // Only a hole can be left: libarchive reports a stream that ends too soon.
        piece_ = {};
        piece_offset_ = size_;
        return;
      }
      if (code != ARCHIVE_OK) throw base::Error(base::cat("read tar data: ", reason(archive_)));
      if (length == 0) continue;
      if (offset < 0 || static_cast<uint64_t>(offset) < position_ ||
          static_cast<uint64_t>(offset) > size_ || length > size_ - static_cast<uint64_t>(offset)) {
        throw base::Error("read tar data: a sparse file's map does not fit its size");
      }
      piece_ = {static_cast<const char*>(data), length};
      piece_offset_ = static_cast<uint64_t>(offset);
      return;
    }
  }

  struct archive* archive_;
  Input& input_;
  uint64_t size_ = 0;
  uint64_t position_ = 0;
  std::span<const char> piece_;
  uint64_t piece_offset_ = 0;
};

base::EntryKind kind_of(struct archive_entry* entry, const std::string& path) {
  if (archive_entry_hardlink(entry) != nullptr) return base::EntryKind::hardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return base::EntryKind::file;
    case AE_IFDIR:
      return base::EntryKind::directory;
    case AE_IFLNK:
      return base::EntryKind::symlink;
    case AE_IFIFO:
      return base::EntryKind::fifo;
    case AE_IFSOCK:
      return base::EntryKind::socket;
    case AE_IFCHR:
      return base::EntryKind::char_device;
    case AE_IFBLK:
      return base::EntryKind::block_device;
    default:
      throw base::Error(base::cat("entry \"", base::excerpt(path), "\" is of an unknown kind"));
  }
}

uint32_t device_number(dev_t number, const std::string& path) {
  if (number > std::numeric_limits<uint32_t>::max()) {
    throw base::Error(base::cat("entry \"", base::excerpt(path), "\" has a bad device number"));
  }
  return static_cast<uint32_t>(number);
}

uint64_t owner_number(la_int64_t number, const char* what, const std::string& path) {
  if (number < 0) {
    throw base::Error(
        base::cat("entry \"", base::excerpt(path), "\" has the negative ", what, " ", number));
  }
  return static_cast<uint64_t>(number);
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

/// What GNU tar and our own writer made of '=' and '%' in a name. Others, such as Go, write names
/// as they are; one of theirs that holds such a sequence looks the same.
std::string decoded_name(std::string name) {
  base::replace_all(name, "%3D", "=");
  base::replace_all(name, "%25", "%");
  return name;
}

void copy_xattrs(struct archive_entry* from, base::Entry& to) {
  to.xattrs.clear();
  archive_entry_xattr_reset(from);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
    if (name == nullptr) continue;
    to.xattrs.push_back(
        {decoded_name(name), size == 0 ? "" : std::string(static_cast<const char*>(value), size)});
  }
  // The library has the last record first, and of two with one name the last one counts.
  std::reverse(to.xattrs.begin(), to.xattrs.end());
}

void copy_attributes(struct archive_entry* from, base::Entry& to) {
  to.kind = kind_of(from, to.path);
  to.mode = archive_entry_perm(from) & 07777;
  to.uid = owner_number(archive_entry_uid(from), "uid", to.path);
  to.gid = owner_number(archive_entry_gid(from), "gid", to.path);
  // No text of a time stands for less; libarchive would read another one there.
  to.mtime_seconds = std::max<int64_t>(archive_entry_mtime(from), -INT64_MAX);
  const long nanoseconds = archive_entry_mtime_nsec(from);
  to.mtime_nanoseconds =
      nanoseconds < 0 || nanoseconds > 999'999'999 ? 0 : static_cast<uint32_t>(nanoseconds);
  const bool is_file = to.kind == base::EntryKind::file;
  to.size = is_file ? static_cast<uint64_t>(std::max<la_int64_t>(archive_entry_size(from), 0)) : 0;
  to.link.clear();
  if (to.kind == base::EntryKind::hardlink) to.link = archive_entry_hardlink(from);
  if (to.kind == base::EntryKind::symlink) to.link = text_or_empty(archive_entry_symlink(from));
  const bool is_device = base::is_device(to.kind);
  to.device_major = is_device ? device_number(archive_entry_rdevmajor(from), to.path) : 0;
  to.device_minor = is_device ? device_number(archive_entry_rdevminor(from), to.path) : 0;
  copy_xattrs(from, to);
  to.content = nullptr;
}

/// A warning that costs nothing we use: names are taken as raw bytes.
bool is_harmless(std::string_view warning) {
  return warning.find("can't be converted") != std::string_view::npos;
}

}  // namespace

struct LayerReader::Impl {
  explicit Impl(base::ByteSource& tar)
      : locale(::newlocale(LC_CTYPE_MASK, "C", nullptr)),
        input(tar),
        archive(archive_read_new()),
        data(archive.get(), input) {
    if (!archive || !locale) throw base::Error("read a tar stream: out of memory");
    check(archive_read_support_format_tar(archive.get()));
    check(archive_read_support_format_empty(archive.get()));
  }

  void check(int code) {
    input.rethrow();
    if (code == ARCHIVE_OK) return;
    if (code == ARCHIVE_WARN && is_harmless(reason(archive.get()))) return;
    if (reason(archive.get()) == "Unrecognized archive format") {
      throw base::Error(base::cat("layer is not a tar archive: begins with \"",
                                  base::excerpt(input.beginning()), "\""));
    }
    throw base::Error(base::cat("layer is corrupt: ", reason(archive.get()),
                                last_path.empty() ? "" : " after entry \"",
                                base::excerpt(last_path), last_path.empty() ? "" : "\""));
  }

  bool next(base::Entry& entry) {
    base::throw_if_cancelled();
    data.start(0);
    if (ended) return false;
    const PlainLocale raw_names(locale.get());
    if (!std::exchange(opened, true)) {
      check(archive_read_open(archive.get(), &input, nullptr, Input::read, nullptr));
    }
    struct archive_entry* found = nullptr;
    const int code = archive_read_next_header(archive.get(), &found);
    if (code == ARCHIVE_EOF) {
      input.rethrow();
      ended = true;
      if (!input.guard().ends_at(header_position())) refuse_position();
      refuse_half_an_end_marker();
      return false;
    }
    check(code);
    const char* path = archive_entry_pathname(found);
    if (path == nullptr) {
      throw base::Error(base::cat("layer has an entry without a usable name after \"",
                                  base::excerpt(last_path), "\""));
    }
    entry.path = path;
    copy_attributes(found, entry);
    correct(found, entry);
    data.start(entry.size);
    last_path = entry.path;
    return true;
  }

  /// What the library sees in another way than the standard.
  void correct(struct archive_entry* found, base::Entry& entry) {
    auto correction = input.guard().take(header_position());
    if (!correction) refuse_position();
    if (correction->path) entry.path = std::move(*correction->path);
    if (correction->link) entry.link = std::move(*correction->link);
    if (correction->mtime) {
      entry.mtime_seconds = correction->mtime->seconds;
      entry.mtime_nanoseconds = correction->mtime->nanoseconds;
    }
    if (correction->is_file && entry.kind == base::EntryKind::directory) {
      entry.kind = base::EntryKind::file;
      entry.size = static_cast<uint64_t>(std::max<la_int64_t>(archive_entry_size(found), 0));
    }
  }

  uint64_t header_position() {
    return static_cast<uint64_t>(archive_read_header_position(archive.get()));
  }

  /// Libarchive has gone by another size than the one that says where the next header is.
  [[noreturn]] void refuse_position() const {
    throw base::Error(base::cat("layer is corrupt: entry \"", base::excerpt(last_path),
                                "\" does not have the size that its headers say"));
  }

  /// Libarchive takes one block of zeros for the end. When a header follows, stopping there would
  /// silently drop entries.
  void refuse_half_an_end_marker() {
    if (input.has_data_at(input.guard().position())) {
      throw base::Error(
          base::cat("layer is corrupt: data after half an end marker, behind entry \"",
                    base::excerpt(last_path), "\""));
    }
  }

  Locale locale;
  Input input;
  Archive archive;
  Data data;
  std::string last_path;
  bool opened = false;
  bool ended = false;
};

LayerReader::LayerReader(base::ByteSource& tar) : impl_(std::make_unique<Impl>(tar)) {}
LayerReader::~LayerReader() = default;
bool LayerReader::next(base::Entry& entry) {
  return impl_->next(entry);
}
base::ByteSource& LayerReader::data() {
  return impl_->data;
}

}  // namespace rootfs
