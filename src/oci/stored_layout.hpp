#pragma once
#include "oci/stored_image.hpp"

namespace oci {

/// Where a layout's images are listed; the file that makes it a layout.
inline constexpr const char* layout_index = "index.json";

/// The image in a layout.
StoredImage find_in_layout(std::shared_ptr<const FileSet> files, const StoredChoice& choice,
                           base::Log& log);

}  // namespace oci
