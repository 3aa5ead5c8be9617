#include "rootfs/manifest_recorder.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {

void ManifestRecorder::add(const base::Entry& entry, const std::string& contents,
                           const std::string& lfs) {
  ManifestEntry line;
  line.entry = entry;
  if (entry.kind == base::EntryKind::hardlink) {
    const auto first = first_names_.find(entry.link);
    if (first == first_names_.end()) {
      throw base::Error(base::cat("\"", base::excerpt(entry.path),
                                  "\" is another name of something that was not seen"));
    }
    line.hardlink = entry.link;
    line.entry.kind = first->second.kind;
    line.entry.size = first->second.size;
    line.entry.link = first->second.link;
  } else if (entry.has_other_names) {
    base::Entry& first = first_names_[entry.path];
    first.kind = entry.kind;
    first.size = entry.size;
    first.link = entry.link;
  }
  line.contents = contents;
  line.lfs = lfs;
  writer_.add(line);
}

}  // namespace rootfs
