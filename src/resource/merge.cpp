#include "resource/merge.hpp"

#include "base/text.hpp"
#include "base/threads.hpp"
#include "git/blob_spool.hpp"
#include "rootfs/virtual_tree.hpp"

namespace resource {

std::unique_ptr<base::EntrySource> merge_layers(const std::vector<Layer>& layers,
                                                const rootfs::Limits& limits,
                                                const std::string& directory, base::Log& log) {
  rootfs::Budget budget(limits, stored_size(layers));
  git::BlobSpool spool(directory, base::worthwhile_threads());
  rootfs::VirtualTree tree([&](const base::Entry& entry, base::ByteSource& data) {
    return spool.store(data, entry.size);
  });
  tree.set_budget(budget);
  read_layers(layers, budget, log, [&](base::EntrySource& entries) { tree.apply(entries); });
  spool.finish();
  rootfs::TreeSummary summary;
  auto entries = tree.finish(summary);
  if (summary.whiteouts > 0) {
    log.info(base::cat(base::counted(summary.whiteouts, "entry was", "entries were"),
                       " deleted by later layers"));
  }
  return entries;
}

}  // namespace resource
