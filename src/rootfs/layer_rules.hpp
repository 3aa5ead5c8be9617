#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/entry.hpp"

namespace rootfs {

class Budget;
enum class Whiteouts;

/// A merged tree, wherever it is kept, as the entries of a layer change it. All paths are clean.
class LayerSink {
 public:
  virtual ~LayerSink() = default;
  /// Puts `entry` at `path`, replacing what is there; the bytes of a file come from `layer`.
  virtual void place(base::Entry& entry, const std::string& path, base::EntrySource& layer) = 0;
  /// Removes what lower layers have under `name` in `directory`, which may not exist.
  virtual void hide(std::string_view directory, const std::string& name) = 0;
  /// Removes what lower layers have in `directory`, which may not exist.
  virtual void hide_children(std::string_view directory) = 0;
  /// Removes `name` from the root, whichever layer it is from, if it is there.
  virtual void discard(const std::string& name) = 0;
  /// What was placed so far.
  struct Cost {
    uint64_t directories = 0;  ///< Made, also those without an entry of their own.
    uint64_t depth = 0;        ///< Most names in one path, all links followed; 0: not known.
    uint64_t path_bytes = 0;   ///< Of such paths in a manifest; 0: not known.
  };
  virtual Cost cost() const = 0;
};

/// Hands every entry of a layer to `sink` as what it means there (image-spec layer.md). Error,
/// naming the entry, for names that no image may have and for what the sink refuses. What the layer
/// costs is taken from `budget`, if there is one.
void apply_layer(base::EntrySource& layer, LayerSink& sink, Budget* budget, Whiteouts whiteouts);

/// Of users and groups; 4294967295 would mean "leave it" to the kernel.
inline constexpr uint64_t largest_id = 0xfffffffeU;

/// The mode of the image's root directory when `entry` stands for it. Error when it is none.
uint32_t root_mode(const base::Entry& entry, uint32_t before);

/// Error for texts that a symbolic link cannot hold.
void check_link_text(std::string_view text);

}  // namespace rootfs
