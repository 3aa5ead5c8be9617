#include "rootfs/support/wild_layers.hpp"

bool WildSource::next(base::Entry& entry) {
  if (given_ == layer_.size()) return false;
  entry = layer_[given_].entry;
  data_ = base::MemorySource(layer_[given_].bytes);
  ++given_;
  return true;
}

std::vector<WildLayer> WildLayers::stack() {
  std::vector<WildLayer> layers(1 + pick(4));
  for (WildLayer& layer : layers) {
    for (size_t count = 3 + pick(20); count > 0; --count) layer.push_back(any());
  }
  return layers;
}

WildEntry WildLayers::any() {
  WildEntry made;
  base::Entry& entry = made.entry;
  entry.kind = kind();
  entry.path = path();
  entry.mode = one_in(3) ? static_cast<uint32_t>(pick(010000)) : 0755;
  entry.uid = pick(3) * 1000;
  entry.gid = pick(3) * 50;
  entry.mtime_seconds = static_cast<int64_t>(pick(2'000'000)) - 500'000;
  entry.mtime_nanoseconds = static_cast<uint32_t>(pick(1'000'000'000));
  if (one_in(4)) entry.xattrs = xattrs();
  switch (entry.kind) {
    case base::EntryKind::file:
      made.bytes.assign(pick(200), static_cast<char>('a' + pick(26)));
      entry.size = made.bytes.size();
      break;
    case base::EntryKind::symlink:
      entry.link = link_text();
      break;
    case base::EntryKind::hardlink:
      entry.link = one_in(8) || paths_.empty() ? path() : paths_[pick(paths_.size())];
      break;
    case base::EntryKind::char_device:
    case base::EntryKind::block_device:
      entry.device_major = static_cast<uint32_t>(pick(300));
      entry.device_minor = static_cast<uint32_t>(pick(300));
      break;
    default:
      break;
  }
  if (one_in(6)) {
    const size_t slash = entry.path.rfind('/');
    const std::string directory = slash == std::string::npos ? "" : entry.path.substr(0, slash + 1);
    entry.path = directory + (one_in(3) ? ".wh..wh..opq" : ".wh." + name());
    if (one_in(20)) entry.path = directory + ".wh..wh.plnk/" + name();
  } else {
    paths_.push_back(entry.path);
  }
  return made;
}

base::EntryKind WildLayers::kind() {
  using enum base::EntryKind;
  static const base::EntryKind kinds[] = {file,      file,    file,        directory,   directory,
                                          directory, symlink, symlink,     hardlink,    hardlink,
                                          fifo,      socket,  char_device, block_device};
  return kinds[pick(std::size(kinds))];
}

std::string WildLayers::name() {
  static const char* const names[] = {"a", "b", "c", "B", "a.b", "a-b", "\xff", "\xc3\xa4"};
  return names[one_in(4) ? pick(8) : pick(3)];
}

std::string WildLayers::path() {
  if (!paths_.empty() && one_in(3)) return paths_[pick(paths_.size())];
  if (one_in(40)) return one_in(2) ? "." : "/";
  std::string made = one_in(10) ? "./" : one_in(10) ? "/" : "";
  for (size_t depth = pick(4); depth > 0; --depth) {
    made += name() + "/";
    if (one_in(20)) made += name() + "/../";
  }
  return made + name() + (one_in(30) ? "/" : "");
}

std::string WildLayers::link_text() {
  if (one_in(100)) return std::string(300, 'n');
  std::string text = one_in(3) ? "/" : "";
  for (size_t ups = pick(3); ups > 0; --ups) text += "../";
  for (size_t depth = pick(3); depth > 0; --depth) text += name() + (one_in(5) ? "/./" : "/");
  text += one_in(6) ? ".." : name();
  return text + (one_in(10) ? "/" : "");
}

std::vector<base::Xattr> WildLayers::xattrs() {
  // VFS_CAP_REVISION_2 with cap_net_raw permitted and effective.
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  const std::vector<base::Xattr> known = {
      {"user.b", "1"},
      {"user.a", "2"},
      {"user.a", std::string("\0\xff", 2)},
      {"user.overlay.x", "y"},
      {"trusted.x", "1"},
      {"security.selinux", "label"},
      {"user.", "nameless"},
      {"user.empty", ""},
      {"security.capability", capability},
      {"system.nfs4_acl", "1"},
      {"user." + std::string(260, 'n'), ""},
  };
  std::vector<base::Xattr> made;
  for (size_t count = 1 + pick(4); count > 0; --count) made.push_back(known[pick(known.size())]);
  return made;
}
