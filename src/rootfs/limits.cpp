#include "rootfs/limits.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "rootfs/entry_placer.hpp"

namespace rootfs {
namespace {

using base::cat;

/// The sum of two counts, which a hostile image can make larger than any number.
uint64_t add(uint64_t a, uint64_t b) {
  return a > unlimited - b ? unlimited : a + b;
}

[[noreturn]] void refuse(std::string_view what, std::string_view limit, std::string_view key) {
  throw base::Error(cat("the image ", what, ", limit ", limit, " (source.limits.", key,
                        "); if it is to be trusted, raise that limit, or set it to 0 for none"));
}

uint64_t depth_of(std::string_view path) {
  uint64_t depth = 0;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    if (!name.empty() && name != ".") ++depth;
    at = end + 1;
  }
  return depth;
}

/// What a tree keeps of a path: the last name, or all of it for what is left out of the tree.
uint64_t kept_of(const base::Entry& entry) {
  std::string_view path = entry.path;
  if (is_left_out(entry.kind)) return path.size();
  while (path.ends_with('/')) path.remove_suffix(1);
  return base::split_path(path).name.size();
}

}  // namespace

void Budget::add_entry(const base::Entry& entry) {
  check_depth(entry.path, depth_of(entry.path));
  add_implied(1);
  uint64_t metadata = add(kept_of(entry), entry.link.size());
  for (const base::Xattr& xattr : entry.xattrs) {
    metadata = add(metadata, add(xattr.name.size(), xattr.value.size()));
  }
  add_metadata(metadata);
  if (entry.kind == base::EntryKind::file) {
    file_bytes_ = add(file_bytes_, entry.size);
    check_bytes(file_bytes_);
    // The bytes of the file, which come next, may not be fetched yet.
    check_ratio(file_bytes_, stored_);
  }
}

void Budget::add_implied(uint64_t directories) {
  entries_ = add(entries_, directories);
  if (entries_ > limits_.entries) {
    refuse("has more entries than it may", base::with_commas(limits_.entries), "entries");
  }
}

void Budget::add_metadata(uint64_t bytes) {
  metadata_ = add(metadata_, bytes);
  if (metadata_ > limits_.metadata) {
    refuse("has more bytes of paths, link texts and extended attributes than it may",
           base::human_size(limits_.metadata), "metadata");
  }
}

void Budget::check_depth(std::string_view path, uint64_t depth) const {
  if (depth > limits_.depth) {
    refuse(cat("has the path \"", base::excerpt(path, 60), "\" of ", base::with_commas(depth),
               " names"),
           base::with_commas(limits_.depth), "depth");
  }
}

void Budget::add_stream(uint64_t count) {
  stream_bytes_ = add(stream_bytes_, count);
  check_bytes(stream_bytes_);
  const uint64_t fetched = fetched_;
  check_ratio(stream_bytes_, fetched == 0 ? stored_ : fetched);
}

void Budget::check_bytes(uint64_t count) const {
  if (count > limits_.bytes) {
    refuse("unpacks to more bytes than it may", base::human_size(limits_.bytes), "bytes");
  }
}

void Budget::check_ratio(uint64_t count, uint64_t stored) const {
  if (stored == 0 || limits_.ratio == unlimited || count <= Limits::ratio_from) return;
  if (count / stored >= limits_.ratio) {
    refuse(cat("unpacks ", base::human_size(stored), " of layers to ", base::human_size(count),
               " or more and looks like a decompression bomb"),
           cat(base::with_commas(limits_.ratio), " bytes for one"), "ratio");
  }
}

size_t BoundedStream::read(std::span<char> buffer) {
  const size_t count = bytes_.read(buffer);
  budget_.add_stream(count);
  return count;
}

}  // namespace rootfs
