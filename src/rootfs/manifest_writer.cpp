#include <array>
#include <charconv>

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
  append_escaped(line, path);
}

/// With zeros in front up to `digits`.
template <class Number>
void append_number(std::string& line, Number number, int radix = 10, size_t digits = 1) {
  std::array<char, 24> text{};
  const char* const end = std::to_chars(text.begin(), text.end(), number, radix).ptr;
  const auto length = static_cast<size_t>(end - text.data());
  if (length < digits) line.append(digits - length, '0');
  line.append(text.data(), length);
}

}  // namespace

ManifestWriter::ManifestWriter(base::ByteSink& out)
    : out_(out), text_(base::cat(manifest_signature, '\n')) {}

void ManifestWriter::add(const base::Entry& entry, const ManifestNotes& notes) {
  const std::string_view word = type_word(entry.kind);
  if (word.empty()) throw base::Error("a manifest names what a hard link leads to");
  const size_t start = text_.size();
  append_path(text_, entry.path);
  text_ += " type=";
  text_ += word;
  text_ += " mode=";
  append_number(text_, entry.mode, 8, 4);
  text_ += " uid=";
  append_number(text_, entry.uid);
  text_ += " gid=";
  append_number(text_, entry.gid);
  text_ += " time=";
  append_number(text_, entry.mtime_seconds);
  text_ += '.';
  append_number(text_, entry.mtime_nanoseconds, 10, 9);
  switch (entry.kind) {
    case base::EntryKind::file:
      text_ += " size=";
      append_number(text_, entry.size);
      break;
    case base::EntryKind::symlink:
      text_ += " link=";
      append_escaped(text_, entry.link);
      break;
    case base::EntryKind::char_device:
    case base::EntryKind::block_device:
      text_ += base::cat(" device=native,", entry.device_major, ',', entry.device_minor);
      break;
    default:
      break;
  }
  if (!notes.hardlink.empty()) {
    text_ += " hardlink=";
    append_path(text_, notes.hardlink);
  }
  if (!notes.contents.empty()) text_ += base::cat(" contents=blobs/", notes.contents);
  if (!notes.lfs.empty()) text_ += base::cat(" lfs=", notes.lfs);
  for (const base::Xattr& xattr : entry.xattrs) {
    text_ += " xattr.";
    append_escaped(text_, xattr.name);
    text_ += base::cat('=', base::base64_encode(xattr.value));
  }
  if (text_.size() - start > longest_manifest_line) {
    throw base::Error(base::cat('"', base::excerpt(entry.path), "\" has more extended attributes ",
                                "than a manifest can hold; remove some of them"));
  }
  text_ += '\n';
  if (text_.size() >= block_size) finish();
}

void ManifestWriter::finish() {
  out_.write(text_);
  text_.clear();
}

}  // namespace rootfs
