#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "rootfs/manifest.hpp"

namespace rootfs {

/// The entries of a directory that was unpacked from an image, and from the image's manifest what
/// the directory could not hold or has lost on its way between machines: device nodes, sockets, the
/// extended attributes, fractions of seconds and hard links of entries that are otherwise as they
/// were.
class CompletedSource : public base::EntrySource {
 public:
  /// Both in the order of a walk with sorted names; both must outlive this. `links` is the text of
  /// the same manifest, which is read to its end here.
  CompletedSource(base::EntrySource& directory, ManifestReader& manifest, base::ByteSource& links);

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override { return directory_.data(); }
  /// Whether any entry so far was as the manifest says.
  bool any_untouched() const { return any_untouched_; }

 private:
  void read_directory();
  void read_manifest();
  /// Whether the directory above `path`, which comes next, is there.
  bool has_parent(const std::string& path);
  /// Remembers an entry that the manifest has further names for.
  void note_first(base::Entry& entry);
  /// Makes what became a copy of its first name a hard link to it again.
  void link_again(base::Entry& entry, const std::string& first_name);

  base::EntrySource& directory_;
  ManifestReader& manifest_;
  bool started_ = false;
  bool any_untouched_ = false;
  std::optional<base::Entry> found_;     ///< What comes next in the directory, once it is read.
  std::optional<ManifestEntry> listed_;  ///< What comes next in the manifest.
  std::vector<std::string> open_;        ///< Directories of the last entry, outermost first.
  /// Entries that the manifest has further names for; null for what is not there as it was.
  std::map<std::string, std::unique_ptr<const base::Entry>> firsts_;
  /// What entries with further names in the directory were made links to: these are links to it,
  /// too.
  std::map<std::string, std::string> relinked_;
};

}  // namespace rootfs
