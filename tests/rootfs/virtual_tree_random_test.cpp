#include <optional>

#include "rootfs/directory_source.hpp"
#include "rootfs/support/entry_lines.hpp"
#include "rootfs/support/random_layers.hpp"
#include "rootfs/support/stage.hpp"
#include "rootfs/support/wild_layers.hpp"
#include "rootfs/virtual_tree.hpp"

namespace {

/// Without root, owners are not kept on disk and locked directories cannot be read back.
bool can_compare() {
  if (::geteuid() == 0) return true;
  WARN("skipped: needs root");
  return false;
}

/// What a tree comes to: all entries, then what was counted.
std::vector<std::string> lines_of(rootfs::VirtualTree& tree, Xattrs xattrs) {
  rootfs::TreeSummary summary;
  const auto source = tree.finish(summary);
  std::vector<std::string> lines = entry_lines(*source, xattrs);
  lines.push_back(count_line(summary, xattrs));
  return lines;
}

std::vector<std::string> lines_of(const std::filesystem::path& written,
                                  const rootfs::TreeSummary& summary, Xattrs xattrs) {
  rootfs::DirectorySource source(written.string());
  std::vector<std::string> lines = entry_lines(source, xattrs);
  lines.push_back(count_line(summary, xattrs));
  return lines;
}

/// One entry of a stack of layers.
struct Position {
  size_t layer;
  size_t entry;
  bool operator==(const Position&) const = default;
};

/// The entry at which `tree` refuses the layers; nothing when it takes them all.
template <class AnyTree>
std::optional<Position> first_refused(AnyTree& tree, const std::vector<WildLayer>& layers) {
  for (size_t at = 0; at < layers.size(); ++at) {
    WildSource source(layers[at]);
    try {
      tree.apply(source);
    } catch (const base::Error&) {
      return Position{at, source.given() - 1};
    }
  }
  return std::nullopt;
}

std::optional<Position> first_refused_in_memory(const std::vector<WildLayer>& layers) {
  rootfs::VirtualTree tree(keep_bytes);
  return first_refused(tree, layers);
}

std::string show(const std::vector<WildLayer>& layers) {
  std::string text;
  for (const WildLayer& layer : layers) {
    text += "layer\n";
    for (const auto& [entry, bytes] : layer) {
      text += base::cat("  kind ", static_cast<int>(entry.kind), " ", base::printable(entry.path),
                        " -> ", base::printable(entry.link), "\n");
    }
  }
  return text;
}

}  // namespace

TEST_CASE("random layers give the tree in memory that they give on disk") {
  if (!can_compare()) return;
  const Xattrs xattrs = xattrs_here();
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    const std::vector<std::string> layers = RandomLayers(seed).stack();
    Stage stage;
    const rootfs::TreeSummary written = stage.unpack(layers);
    rootfs::VirtualTree tree(keep_bytes);
    for (const std::string& layer : layers) {
      base::MemorySource bytes(layer);
      rootfs::LayerReader reader(bytes);
      tree.apply(reader);
    }
    REQUIRE(lines_of(tree, xattrs) == lines_of(stage.root(), written, xattrs));
  }
}

TEST_CASE("layers that no tool would write are merged or refused in memory as on disk") {
  if (!can_compare()) return;
  const Xattrs xattrs = xattrs_here();
  size_t refused = 0, merged = 0;
  for (uint32_t seed = 1; seed <= 250; ++seed) {
    // Drops entries until the layers can be merged; disks being slow, one refusal is compared.
    std::vector<WildLayer> layers = WildLayers(seed).stack();
    std::vector<WildLayer> refused_layers;
    std::optional<Position> refused_at;
    while (const std::optional<Position> bad = first_refused_in_memory(layers)) {
      if (!refused_at || seed % 2 == 0) {
        refused_at = bad;
        refused_layers = layers;
      }
      ++refused;
      WildLayer& layer = layers[bad->layer];
      layer.erase(layer.begin() + static_cast<std::ptrdiff_t>(bad->entry));
    }
    const ScratchDir scratch;
    const base::UniqueFd log_fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    base::Log log(log_fd.get());
    {
      INFO("seed " << seed << "\n" << show(refused_layers));
      rootfs::Tree tree((scratch / "refused").string(), log);
      REQUIRE((first_refused(tree, refused_layers) == refused_at));
    }
    INFO("seed " << seed << "\n" << show(layers));
    rootfs::Tree on_disk((scratch / "rootfs").string(), log);
    rootfs::VirtualTree in_memory(keep_bytes);
    REQUIRE(!first_refused(on_disk, layers));
    REQUIRE(!first_refused(in_memory, layers));
    const rootfs::TreeSummary written = on_disk.finish();
    const std::vector<std::string> lines = lines_of(in_memory, xattrs);
    REQUIRE(lines == lines_of(scratch / "rootfs", written, xattrs));
    merged += lines.size();
  }
  // Else the layers are less wild than they should be, or so wild that nothing comes of them.
  CHECK(refused > 100);
  CHECK(merged > 2000);
}
