#pragma once
#include <string>

#include "base/log.hpp"
#include "git/snapshot.hpp"
#include "resource/image_files.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// Each adds the image's entries to `snapshot` below rootfs/ and gives the files that stand beside
/// it. Whatever way an image takes, the result is the same.

/// `params.image`: a directory with rootfs/ and metadata.json below `sources`.
ImageFiles add_image_of_directory(const PutRequest& request, const std::string& sources,
                                  git::Snapshot& snapshot, base::Log& log);

/// No `params.image`: what the source's tag names now, straight from the registry. Nothing is
/// unpacked; the compressed files pass through one unnamed file in `sources`.
ImageFiles add_image_of_registry(const Source& source, const std::string& sources,
                                 git::Snapshot& snapshot, base::Log& log);

}  // namespace resource
