#pragma once
#include <memory>
#include <string>

#include "base/entry.hpp"
#include "base/log.hpp"
#include "resource/image_files.hpp"
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

/// What `image`, of params, means below `sources`: a name or a pattern. Error that lists what is
/// there when it is none of the above.
PutInput find_put_input(const std::string& sources, const std::string& image);

/// An image to be published: what lies below its rootfs/, and the files that stand beside it.
/// Whatever way an image takes, both are the same.
struct PutImage {
  ImageFiles files;
  std::unique_ptr<base::EntrySource> entries;
  bool is_merged = false;  ///< From layers: the entries stand in memory.
};

/// A directory with rootfs/ and metadata.json.
PutImage open_directory(const PutInput& input, const Source& source, base::Log& log);

/// A layout or an archive. Nothing is unpacked; the compressed files pass through one unnamed file
/// in `sources`, and so does the whole archive, if it is compressed.
PutImage open_stored_image(const PutInput& input, const Source& source, const std::string& sources,
                           base::Log& log);

/// No `params.image`: what the source's tag names now, straight from the registry. Nothing is
/// unpacked; the compressed files pass through one unnamed file in `sources`.
PutImage open_registry_image(const Source& source, const std::string& sources, base::Log& log);

/// Error when put has to answer the image's digest and does not know it; a warning when the image
/// is of another repository than the source's.
void check_identity(const Source& source, const ImageFiles& files, base::Log& log);

}  // namespace resource
