#pragma once
#include <string>

#include "base/log.hpp"
#include "resource/image_files.hpp"
#include "resource/image_tree.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// An image among the inputs of a put.
struct PutInput {
  enum class Kind {
    rootfs,   ///< A directory with rootfs/ and metadata.json.
    layout,   ///< An image layout: a directory with oci-layout and index.json.
    archive,  ///< A tar archive, perhaps compressed, of a layout or by `docker save`.
  };
  Kind kind = Kind::rootfs;
  std::string path;    ///< Of the directory or file.
  std::string beside;  ///< The directory with the files repository, tag, digest; may be empty.
};

/// What `image`, of params, means below `sources`. Error that lists what is there when it is none
/// of the above.
PutInput find_put_input(const std::string& sources, const std::string& image);

/// Each adds the image's entries to `publication` below rootfs/ and gives the files that stand
/// beside it. Whatever way an image takes, the result is the same.

/// A directory with rootfs/ and metadata.json.
ImageFiles add_image_of_directory(const PutInput& input, const Source& source,
                                  Publication& publication, base::Log& log);

/// A layout or an archive. Nothing is unpacked; the compressed files pass through one unnamed file
/// in `sources`, and so does the whole archive, if it is compressed.
ImageFiles add_stored_image(const PutInput& input, const Source& source, const std::string& sources,
                            Publication& publication, base::Log& log);

/// No `params.image`: what the source's tag names now, straight from the registry. Nothing is
/// unpacked; the compressed files pass through one unnamed file in `sources`.
ImageFiles add_image_of_registry(const Source& source, const std::string& sources,
                                 Publication& publication, base::Log& log);

/// Error when put has to answer the image's digest and does not know it.
void check_identity(const Source& source, const ImageFiles& files, base::Log& log);

}  // namespace resource
