#pragma once
#include <cstdint>
#include <memory>

#include "base/entry.hpp"
#include "base/stream.hpp"

namespace git {

/// The `size` bytes of a content from their start, also where they are compressed for a pack.
std::unique_ptr<base::ByteSource> open_content(std::shared_ptr<const base::Content> content,
                                               uint64_t size);

}  // namespace git
