#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/handle.hpp"
#include "base/stream.hpp"

namespace oci {

/// The files of a stored image, in a directory or in an archive. Any number of threads may use one,
/// and read what it opens, at the same time.
class FileSet {
 public:
  struct File {
    uint64_t size = 0;
    std::unique_ptr<base::ByteSource> data;
  };

  virtual ~FileSet() = default;
  /// Nothing when there is no file called `path`; Error when it is no regular file or leads out.
  virtual std::optional<File> find(const std::string& path) const = 0;
};

/// The files below a directory; symbolic links do not lead out of it.
std::unique_ptr<FileSet> files_of_directory(const std::string& path);

/// The files in an uncompressed tar archive (ustar, pax, GNU), of which only headers are read at
/// first and nothing is held but their names. Links are followed inside the archive. Error, which
/// leaves it to the caller to name the archive, when it is damaged or none.
std::unique_ptr<FileSet> files_of_tar(base::UniqueFd fd);

/// The whole text of a file; Error when it is larger than `limit`. Nothing when there is none.
std::optional<std::string> read_document(const FileSet& files, const std::string& path,
                                         size_t limit);

}  // namespace oci
