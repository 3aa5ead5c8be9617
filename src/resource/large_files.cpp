#include "resource/large_files.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "git/transport.hpp"
#include "lfs/attributes.hpp"

namespace resource {

using base::cat;

bool LargeFiles::takes(const base::Entry& entry) const {
  return entry.kind == base::EntryKind::file && entry.size >= threshold_ &&
         lfs::can_be_listed(cat(prefix_, '/', entry.path));
}

std::optional<lfs::Pointer> LargeFiles::point_to(const base::Entry& entry) {
  if (entry.kind == base::EntryKind::hardlink) {
    const auto first = first_names_.find(entry.link);
    return first == first_names_.end() ? std::nullopt : std::optional(first->second);
  }
  if (!takes(entry)) return std::nullopt;
  const auto open = [content = entry.content, size = entry.size] {
    return git::open_content(content, size);
  };
  const lfs::Pointer pointer{sha256_of(*open()), entry.size};
  if (entry.has_other_names) first_names_.emplace(entry.path, pointer);
  uploads_.push_back({{pointer.oid, pointer.size, entry.path}, open});
  bytes_ += entry.size;
  return pointer;
}

std::string LargeFiles::attributes() const {
  std::vector<std::string> lines;
  for (const std::string& path : placed_) lines.push_back(lfs::attribute_line(path));
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  std::string text;
  for (const std::string& line : lines) text += cat(line, '\n');
  return text;
}

std::string lfs_config(const std::string& url) {
  std::string quoted;
  for (const char c : git::display_uri(url)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return cat("[lfs]\n\turl = \"", quoted, "\"\n");
}

std::string sha256_of(base::ByteSource& bytes) {
  base::Hasher hasher(base::HashAlgorithm::sha256);
  std::vector<char> block(256 * 1024);
  while (const size_t count = bytes.read(block)) {
    base::throw_if_cancelled();
    hasher.update({block.data(), count});
  }
  return base::to_hex(hasher.finish());
}

}  // namespace resource
