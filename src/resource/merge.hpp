#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "base/log.hpp"
#include "resource/layers.hpp"

namespace resource {

/// The entries that the layers, one over the other, leave. Each layer is read once; the compressed
/// files lie in one unnamed file in `directory` for as long as the entries live.
/// Error when they cost more than `limits` allow.
std::unique_ptr<base::EntrySource> merge_layers(const std::vector<Layer>& layers,
                                                const rootfs::Limits& limits,
                                                const std::string& directory, base::Log& log);

}  // namespace resource
