#include <array>
#include <cstdio>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/manifest.hpp"
#include "rootfs/manifest_syntax.hpp"

namespace rootfs {
namespace {

constexpr size_t block_size = 64 * 1024;

void append_path(std::string& line, std::string_view path) {
  line += '.';
  if (path.empty()) return;
  line += '/';
  line += escape(path);
}

template <class... Numbers>
void append_formatted(std::string& line, const char* format, Numbers... numbers) {
  std::array<char, 96> text{};
  const int length = std::snprintf(text.data(), text.size(), format, numbers...);
  line.append(text.data(), static_cast<size_t>(length));
}

}  // namespace

ManifestWriter::ManifestWriter(base::ByteSink& out)
    : out_(out), text_(base::cat(manifest_signature, '\n')) {}

void ManifestWriter::add(const ManifestEntry& what) {
  const base::Entry& entry = what.entry;
  const std::string_view word = type_word(entry.kind);
  if (word.empty()) throw base::Error("a manifest names what a hard link leads to");
  append_path(text_, entry.path);
  text_ += base::cat(" type=", word);
  append_formatted(text_, " mode=%04o", entry.mode);
  text_ += base::cat(" uid=", entry.uid, " gid=", entry.gid, " time=", entry.mtime_seconds);
  append_formatted(text_, ".%09u", entry.mtime_nanoseconds);
  switch (entry.kind) {
    case base::EntryKind::file:
      text_ += base::cat(" size=", entry.size);
      break;
    case base::EntryKind::symlink:
      text_ += base::cat(" link=", escape(entry.link));
      break;
    case base::EntryKind::char_device:
    case base::EntryKind::block_device:
      text_ += base::cat(" device=native,", entry.device_major, ',', entry.device_minor);
      break;
    default:
      break;
  }
  if (!what.hardlink.empty()) {
    text_ += " hardlink=";
    append_path(text_, what.hardlink);
  }
  if (!what.contents.empty()) text_ += base::cat(" contents=blobs/", what.contents);
  if (!what.lfs.empty()) text_ += base::cat(" lfs=", what.lfs);
  for (const base::Xattr& xattr : entry.xattrs) {
    text_ += base::cat(" xattr.", escape(xattr.name), '=', base::base64_encode(xattr.value));
  }
  text_ += '\n';
  if (text_.size() >= block_size) finish();
}

void ManifestWriter::finish() {
  out_.write(text_);
  text_.clear();
}

}  // namespace rootfs
