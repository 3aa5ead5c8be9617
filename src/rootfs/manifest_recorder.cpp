#include "rootfs/manifest_recorder.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace rootfs {

void ManifestRecorder::add(const base::Entry& entry, const std::string& contents,
                           const std::string& lfs) {
  if (entry.kind == base::EntryKind::hardlink) {
    const auto first = first_names_.find(entry.link);
    if (first == first_names_.end()) {
      throw base::Error(base::cat("\"", base::excerpt(entry.path),
                                  "\" is another name of something that was not seen"));
    }
    base::Entry as_first = entry;
    as_first.kind = first->second.kind;
    as_first.size = first->second.size;
    as_first.link = first->second.link;
    return writer_.add(as_first, {entry.link, contents, lfs});
  }
  if (entry.has_other_names) {
    base::Entry& first = first_names_[entry.path];
    first.kind = entry.kind;
    first.size = entry.size;
    first.link = entry.link;
  }
  writer_.add(entry, {"", contents, lfs});
}

}  // namespace rootfs
