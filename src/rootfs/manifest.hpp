#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/entry.hpp"
#include "base/stream.hpp"

namespace rootfs {

/// Behind an error about what is not known here, or not expected, which a later version may have
/// had its reasons for.
inline constexpr std::string_view may_be_newer =
    "; if a newer version of this resource type published the image, this one must be updated";

/// What a manifest says of an object besides its attributes.
struct ManifestNotes {
  std::string hardlink;  ///< For a further name: the path of the first one; else "".
  std::string contents;  ///< SHA-256 of a file that is kept aside under that name; else "".
  std::string lfs;       ///< SHA-256 of a file that git-lfs keeps; else "".
};

/// One line of a manifest: an object of the image with all its attributes.
struct ManifestEntry : ManifestNotes {
  /// What the object is; never a hard link. `content` is not used.
  base::Entry entry;
};

/// Writes a manifest in the syntax of mtree(5), full paths, in the order of a walk with sorted
/// names. Names are escaped as \ooo, so that each line is printable ASCII and stands for one
/// object; keywords beyond mtree(5) are hardlink=PATH, contents=blobs/SHA256, lfs=SHA256 and
/// xattr.NAME=BASE64.
class ManifestWriter {
 public:
  explicit ManifestWriter(base::ByteSink& out);
  /// Error when the line would be longer than a reader takes.
  void add(const base::Entry& entry, const ManifestNotes& notes);
  void add(const ManifestEntry& entry) { add(entry.entry, entry); }
  /// Hands the rest to the sink; without it the manifest is cut off.
  void finish();

 private:
  base::ByteSink& out_;
  std::string text_;  ///< Not handed on yet.
};

/// Reads what ManifestWriter writes. Error, naming the line, for anything else: unknown or missing
/// keywords, paths that are not clean, out of order or below something that is no directory, and
/// hard links to what would not stand before them.
class ManifestReader {
 public:
  explicit ManifestReader(base::ByteSource& source);
  ~ManifestReader();
  ManifestReader(const ManifestReader&) = delete;
  ManifestReader& operator=(const ManifestReader&) = delete;

  /// The next object in `entry`; false at the end. The first one is the root directory.
  bool next(ManifestEntry& entry);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Calls `visit` with each object of a manifest that is a further name of another one or that
/// git-lfs keeps, and skips all others faster than ManifestReader, which must check them.
void visit_linked_and_large(base::ByteSource& manifest,
                            const std::function<void(const ManifestEntry&)>& visit);

/// Whether `a` comes before `b` in a walk with sorted names, parents first.
bool walks_before(std::string_view a, std::string_view b);

}  // namespace rootfs
