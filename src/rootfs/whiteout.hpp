#pragma once
#include <string>
#include <string_view>

#include "rootfs/layer_marks.hpp"
#include "rootfs/parents.hpp"

namespace rootfs {

/// What a name means to a layer (image-spec layer.md, Whiteouts; AUFS bookkeeping).
enum class Marker { none, whiteout, opaque, aufs };

/// What the name of each marker begins with. No file has it, so what follows can have all the bytes
/// that a name has.
inline constexpr std::string_view marker_prefix = ".wh.";

/// Looks at all components of a clean path. Error for whiteouts of nothing, "." and "..", and for
/// entries below a whiteout.
Marker marker_of(std::string_view path);

/// The name that a whiteout's own name hides.
std::string hidden_name(std::string_view whiteout);

/// Removes what lower layers have under `name`, keeps what this layer put there; false when there
/// was nothing to remove. Error when a directory is none of `known`, so that it cannot be told
/// whose it is.
bool hide_entry(const Parent& parent, const std::string& name, LayerMarks& marks,
                const PendingDirectories& known);

/// The same for everything in the directory, which itself stays.
bool hide_children(const Parent& directory, LayerMarks& marks, const PendingDirectories& known);

}  // namespace rootfs
