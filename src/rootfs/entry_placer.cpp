#include "rootfs/entry_placer.hpp"

namespace rootfs {

bool is_left_out(base::EntryKind kind) {
  return base::is_device(kind) || kind == base::EntryKind::socket;
}

bool is_overlay_mark(const base::Entry& entry) {
  return entry.kind == base::EntryKind::char_device && entry.device_major == 0 &&
         entry.device_minor == 0;
}

void EntryPlacer::place(const base::Entry& entry, const std::string& path,
                        base::EntrySource& source) {
  if (path.empty()) return place_root(entry);
  switch (entry.kind) {
    case base::EntryKind::file:
      return place_file(entry, path, source.data());
    case base::EntryKind::directory:
      return place_directory(entry, path);
    case base::EntryKind::symlink:
      return place_symlink(entry, path);
    case base::EntryKind::hardlink:
      return place_hardlink(entry, path);
    case base::EntryKind::fifo:
      return place_fifo(entry, path);
    case base::EntryKind::socket:
      ++summary_.skipped_sockets;
      return leave_out(entry, path);
    case base::EntryKind::char_device:
    case base::EntryKind::block_device:
      ++summary_.skipped_devices;
      return leave_out(entry, path);
  }
}

}  // namespace rootfs
