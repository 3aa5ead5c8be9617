#include "git/placement.hpp"

#include "base/text.hpp"
#include "git/path_rules.hpp"

namespace git {

using base::EntryKind;

Placement PlacementRules::place(const base::Entry& entry) {
  const std::string& path = entry.path;
  if (path.empty()) return Placement::own_name;
  if (base::is_device(entry.kind)) return Placement::special;
  const std::string_view name = base::split_path(path).name;
  const bool is_directory = entry.kind == EntryKind::directory;
  if (path.starts_with("dev/")) return Placement::below_dev;
  const bool is_below = !refused_.empty() && path.starts_with(refused_) &&
                        path.size() > refused_.size() && path[refused_.size()] == '/';
  if (is_below) return Placement::below_refused;
  if (entry.kind == EntryKind::fifo || entry.kind == EntryKind::socket) return Placement::special;
  const bool bad_link =
      entry.kind == EntryKind::symlink && (entry.link.empty() || entry.link.size() > longest_link);
  // A directory may come to need a placeholder.
  const size_t below = is_directory ? 1 + placeholder.size() : 0;
  const bool too_long = prefix_size_ + 1 + path.size() + below > longest_path;
  if (!is_refused_name(name) && !too_long && !bad_link) return Placement::own_name;
  if (is_directory) refused_ = path;
  return Placement::refused;
}

bool is_placeholder(const TreeEntry& entry) {
  constexpr uint32_t type_bits = 0170000;
  const bool is_file = (entry.mode & type_bits) == (mode_file & type_bits);
  return is_file && entry.name == placeholder && entry.id == empty_blob();
}

uint32_t file_mode(const base::Entry& file) {
  return (file.mode & 0111U) != 0 ? mode_executable : mode_file;
}

}  // namespace git
