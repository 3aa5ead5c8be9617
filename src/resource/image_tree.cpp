#include "resource/image_tree.hpp"

#include <array>
#include <unordered_set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/rooted_dir.hpp"
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

std::string sha256_of(base::ByteSource& bytes) {
  base::Hasher hasher(base::HashAlgorithm::sha256);
  std::array<char, 64 * 1024> block{};
  while (const size_t count = bytes.read(block)) hasher.update({block.data(), count});
  return base::to_hex(hasher.finish());
}

std::string sha256_of(const base::Entry& entry) {
  if (entry.size == 0) return base::sha256_hex("");
  return sha256_of(*git::open_content(entry.content, entry.size));
}

}  // namespace

void add_image_tree(base::EntrySource& entries, const SizeLimits& limits, git::Snapshot& snapshot) {
  LimitedSource limited(entries, limits.file);
  base::StringSink text;
  rootfs::ManifestRecorder manifest(text);
  std::unordered_set<std::string> kept;
  snapshot.add_image(limited, root, [&](const base::Entry& entry, git::Placement placement) {
    std::string contents;
    if (is_displaced_file(entry, placement)) {
      contents = sha256_of(entry);
      if (kept.insert(contents).second) {
        snapshot.add_file(base::cat(side_folder, "/blobs/", contents), entry.content, entry.size);
      }
    }
    manifest.add(entry, contents);
  });
  manifest.finish();
  snapshot.add_file(manifest_path, text.take());
}

void write_manifest(base::EntrySource& entries, const std::string& rootfs, base::ByteSink& out) {
  const base::RootedDir directory = base::RootedDir::open(rootfs);
  rootfs::ManifestRecorder manifest(out);
  git::PlacementRules rules(root);
  base::Entry entry;
  while (entries.next(entry)) {
    std::string contents;
    if (is_displaced_file(entry, rules.place(entry))) {
      base::FileSource bytes(directory.open_file(entry.path));
      contents = sha256_of(bytes);
    }
    manifest.add(entry, contents);
    entry = base::Entry{};
  }
  manifest.finish();
}

}  // namespace resource
