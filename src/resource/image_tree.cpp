#include "resource/image_tree.hpp"

#include <array>
#include <unordered_set>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "rootfs/manifest_recorder.hpp"

namespace resource {
namespace {

constexpr const char* root = "rootfs";

/// Whether the bytes of this entry have to be kept aside.
bool is_displaced_file(const base::Entry& entry, git::Placement placement) {
  return entry.kind == base::EntryKind::file && placement != git::Placement::own_name;
}

std::string sha256_of(const base::Entry& entry) {
  base::Hasher hasher(base::HashAlgorithm::sha256);
  if (entry.size > 0) {
    const auto bytes = git::open_content(entry.content, entry.size);
    std::array<char, 64 * 1024> block{};
    while (const size_t count = bytes->read(block)) hasher.update({block.data(), count});
  }
  return base::to_hex(hasher.finish());
}

}  // namespace

void add_image_tree(base::EntrySource& entries, git::Snapshot& snapshot) {
  base::StringSink text;
  rootfs::ManifestRecorder manifest(text);
  std::unordered_set<std::string> kept;
  snapshot.add_image(entries, root, [&](const base::Entry& entry, git::Placement placement) {
    std::string contents;
    if (is_displaced_file(entry, placement)) {
      contents = sha256_of(entry);
      if (kept.insert(contents).second) {
        snapshot.add_file(base::cat(side_folder, "/blobs/", contents), entry.content, entry.size);
      }
    }
    manifest.add(entry, contents);
  });
  snapshot.add_file(manifest_path, text.take());
}

void write_manifest(base::EntrySource& entries, base::ByteSink& out) {
  rootfs::ManifestRecorder manifest(out);
  git::PlacementRules rules(root);
  base::Entry entry;
  while (entries.next(entry)) {
    const git::Placement placement = rules.place(entry);
    manifest.add(entry, is_displaced_file(entry, placement) ? sha256_of(entry) : "");
    entry = base::Entry{};
  }
}

}  // namespace resource
