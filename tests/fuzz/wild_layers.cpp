#include <fcntl.h>

#include "base/handle.hpp"
#include "base/log.hpp"
#include "fuzz/support/fuzz.hpp"
#include "rootfs/directory_source.hpp"
#include "rootfs/support/entry_lines.hpp"
#include "rootfs/support/wild_layers.hpp"
#include "rootfs/virtual_tree.hpp"
#include "support/scratch_dir.hpp"

namespace {

using fuzz::require;

template <class AnyTree>
bool takes(AnyTree& tree, const std::vector<WildLayer>& layers, size_t& given) {
  return fuzz::accepts([&] {
    for (const WildLayer& layer : layers) {
      WildSource source(layer);
      try {
        tree.apply(source);
      } catch (const base::Error&) {
        given += source.given();
        throw;
      }
      given += source.given();
    }
  });
}

std::vector<std::string> lines_of(base::EntrySource& source, const rootfs::TreeSummary& summary) {
  std::vector<std::string> lines = entry_lines(source, Xattrs::ignore);
  lines.push_back(count_line(summary, Xattrs::ignore));
  return lines;
}

}  // namespace

// Layers of few names that meet all the time, each choice a byte of the input: in memory and on
// disk they come to the same tree, or are refused at the same entry. Needs root.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (::geteuid() != 0) return 0;
  fuzz::Bytes choices(fuzz::text_of(data, size));
  const std::vector<WildLayer> layers = WildLayers([&] { return choices.byte(); }).stack();
  const ScratchDir scratch;
  base::Log log(-1);
  size_t in_memory = 0;
  size_t on_disk = 0;
  rootfs::VirtualTree virtual_tree(keep_bytes);
  const bool taken = takes(virtual_tree, layers, in_memory);
  rootfs::Tree tree((scratch / "rootfs").string(), log);
  require(takes(tree, layers, on_disk) == taken && in_memory == on_disk,
          "memory and disk refuse the same entry");
  if (!taken) return 0;
  rootfs::TreeSummary expected;
  const auto merged = virtual_tree.finish(expected);
  const auto lines = lines_of(*merged, expected);
  const rootfs::TreeSummary summary = tree.finish();
  rootfs::DirectorySource written((scratch / "rootfs").string());
  require(lines_of(written, summary) == lines, "memory and disk hold the same tree");
  return 0;
}
