#include "fuzz/support/fuzz.hpp"
#include "rootfs/layer_reader.hpp"
#include "rootfs/manifest.hpp"
#include "rootfs/manifest_recorder.hpp"
#include "rootfs/support/entry_lines.hpp"
#include "rootfs/tar_writer.hpp"
#include "rootfs/virtual_tree.hpp"

namespace {

using fuzz::require;

/// One tar stream behind the other: a layer ends with two empty blocks.
std::vector<std::string> layers_of(std::string_view stack) {
  const std::string end(1024, '\0');
  std::vector<std::string> layers;
  while (!stack.empty() && layers.size() < 4) {
    size_t size = 0;
    while (size < stack.size() && stack.substr(size, end.size()) != end) size += 512;
    size = std::min(size + end.size(), stack.size());
    layers.emplace_back(stack.substr(0, size));
    stack.remove_prefix(size);
  }
  return layers;
}

std::unique_ptr<base::EntrySource> merge(const std::vector<std::string>& layers) {
  rootfs::VirtualTree tree(keep_bytes);
  for (const std::string& layer : layers) {
    base::MemorySource tar(layer);
    rootfs::LayerReader reader(tar);
    tree.apply(reader);
  }
  rootfs::TreeSummary summary;
  return tree.finish(summary);
}

/// Everything a tree holds: its manifest, and as a layer.
struct Written {
  std::string manifest;
  std::string tar;
  /// No layer can hold the tree then: such names would be whiteouts in it.
  bool has_marker_names = false;
};

Written write(base::EntrySource& tree) {
  base::StringSink manifest;
  base::StringSink tar;
  rootfs::ManifestRecorder recorder(manifest);
  rootfs::TarWriter layer(tar);
  bool has_marker_names = false;
  for (base::Entry entry; tree.next(entry);) {
    require(("/" + entry.path + "/").find("/../") == std::string::npos, "no entry is outside");
    require(entry.path.find('\0') == entry.path.npos, "no name has a NUL");
    if (("/" + entry.path).find("/.wh.") != std::string::npos) has_marker_names = true;
    recorder.add(entry);
    if (entry.kind == base::EntryKind::file) {
      layer.add(entry, tree.data());
    } else if (entry.kind != base::EntryKind::socket) {
      layer.add(entry);
    }
  }
  recorder.finish();
  layer.finish();
  return {manifest.take(), tar.take(), has_marker_names};
}

void read_manifest(const std::string& text) {
  base::MemorySource source(text);
  rootfs::ManifestReader reader(source);
  for (rootfs::ManifestEntry what; reader.next(what);) continue;
}

}  // namespace

// Layers as tar streams, base layer first.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::unique_ptr<base::EntrySource> tree;
  if (!fuzz::accepts([&] { tree = merge(layers_of(fuzz::text_of(data, size))); })) return 0;
  const Written once = write(*tree);
  read_manifest(once.manifest);
  if (once.has_marker_names) return 0;  // Made by an entry below a link to such a name.
  const Written again = write(*merge({once.tar}));
  require(again.manifest == once.manifest, "a tree written as a layer is the same tree");
  require(again.tar == once.tar, "a tree is written in one way");
  return 0;
}
