#include "rootfs/support/entry_lines.hpp"

#include <sys/xattr.h>

#include <fstream>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "support/scratch_dir.hpp"

namespace {

constexpr size_t most_bytes = 100'000'000;

class Bytes : public base::Content {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    if (offset > bytes_.size() || buffer.size() > bytes_.size() - offset) {
      throw base::Error("read past the end");
    }
    bytes_.copy(buffer.data(), buffer.size(), offset);
  }

 private:
  std::string bytes_;
};

std::string kind_name(base::EntryKind kind) {
  static const char* const names[] = {"file", "dir",    "symlink", "hardlink",
                                      "fifo", "socket", "char",    "block"};
  return names[static_cast<size_t>(kind)];
}

bool is_left_out(base::EntryKind kind) {
  return kind == base::EntryKind::socket || kind == base::EntryKind::char_device ||
         kind == base::EntryKind::block_device;
}

std::string shown(std::string_view bytes) {
  return bytes.size() <= 40 ? base::printable(bytes) : base::sha256_hex(bytes);
}

std::string line_of(const base::Entry& entry, base::EntrySource& source, Xattrs xattrs) {
  std::string line = base::cat(
      base::printable(entry.path), " ", kind_name(entry.kind), " mode=", entry.mode, " ", entry.uid,
      ":", entry.gid, " ", entry.mtime_seconds, ".", entry.mtime_nanoseconds, " size=", entry.size,
      " -> ", base::printable(entry.link), " ", entry.device_major, ",", entry.device_minor);
  if (xattrs == Xattrs::compare) {
    for (const auto& [name, value] : entry.xattrs) line += base::cat(" ", name, "=", shown(value));
  }
  if (entry.content != nullptr) {
    std::string bytes(entry.size, '\0');
    if (!bytes.empty()) entry.content->read_at(0, bytes);
    line += base::cat(" content=", shown(bytes));
  }
  if (entry.kind == base::EntryKind::file) {
    line += base::cat(" data=", shown(base::read_all(source.data(), most_bytes, "a file")));
  }
  return line;
}

}  // namespace

std::vector<std::string> entry_lines(base::EntrySource& source, Xattrs xattrs) {
  std::vector<std::string> lines;
  for (base::Entry entry; source.next(entry);) {
    if (!is_left_out(entry.kind)) lines.push_back(line_of(entry, source, xattrs));
  }
  return lines;
}

std::string count_line(const rootfs::TreeSummary& summary, Xattrs xattrs) {
  return base::cat("files=", summary.files, " directories=", summary.directories,
                   " symlinks=", summary.symlinks, " hardlinks=", summary.hardlinks,
                   " fifos=", summary.fifos, " bytes=", summary.bytes,
                   " whiteouts=", summary.whiteouts, " devices=", summary.skipped_devices,
                   " sockets=", summary.skipped_sockets,
                   " xattrs=", xattrs == Xattrs::compare ? summary.skipped_xattrs : 0);
}

std::shared_ptr<const base::Content> keep_bytes(const base::Entry&, base::ByteSource& data) {
  return std::make_shared<Bytes>(base::read_all(data, most_bytes, "a file"));
}

Xattrs xattrs_here() {
  const ScratchDir scratch;
  const std::string path = (scratch / "f").string();
  std::ofstream(path) << "x";
  return ::lsetxattr(path.c_str(), "user.a", "1", 1, 0) == 0 ? Xattrs::compare : Xattrs::ignore;
}
