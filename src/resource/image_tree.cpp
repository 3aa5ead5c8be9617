#include "resource/image_tree.hpp"

#include <optional>
#include <set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/rooted_dir.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "git/scratch_file.hpp"
#include "rootfs/manifest_recorder.hpp"

namespace resource {
namespace {

constexpr const char* root = "rootfs";

/// A manifest, which grows with the image, in an unnamed file.
class ManifestText : public base::ByteSink, public base::Content {
 public:
  void write(std::string_view bytes) override {
    file_.append(bytes);
    size_ += bytes.size();
  }
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    file_.read(offset, buffer);
  }
  uint64_t size() const { return size_; }

 private:
  git::ScratchFile file_;
  uint64_t size_ = 0;
};

/// Whether the bytes of this entry have to be kept aside.
bool is_displaced_file(const base::Entry& entry, git::Placement placement) {
  return entry.kind == base::EntryKind::file && placement != git::Placement::own_name;
}

std::string sha256_of_content(const base::Entry& entry) {
  if (entry.size == 0) return base::sha256_hex("");
  return sha256_of(*git::open_content(entry.content, entry.size));
}

}  // namespace

Publication::Publication(git::EmptyDirectory empty, const SizeLimits& size_limits, unsigned threads)
    : snapshot(empty, threads), limits(size_limits), large(size_limits.lfs, root) {}

void add_image_tree(base::EntrySource& entries, Publication& publication) {
  git::Snapshot& snapshot = publication.snapshot;
  LargeFiles& large = publication.large;
  LimitedSource limited(entries, publication.limits.file, large);
  const auto text = std::make_shared<ManifestText>();
  rootfs::ManifestRecorder manifest(*text);
  std::set<std::string> kept;
  std::optional<lfs::Pointer> pointer;  // Of the entry at hand.

  const auto keep_aside = [&](const base::Entry& entry, const std::string& contents) {
    if (!kept.insert(contents).second) return;
    const std::string path = base::cat(side_folder, "/blobs/", contents);
    if (!pointer) return snapshot.add_file(path, entry.content, entry.size);
    snapshot.add_file(path, lfs::encode_pointer(*pointer));
    large.place(path);
  };
  const auto placed = [&](const base::Entry& entry, git::Placement placement) {
    const bool is_file = entry.kind == base::EntryKind::file;
    std::string contents;
    if (is_displaced_file(entry, placement)) {
      contents = pointer ? pointer->oid : sha256_of_content(entry);
      keep_aside(entry, contents);
    } else if (pointer && placement == git::Placement::own_name) {
      large.place(base::cat(root, '/', entry.path));
    }
    manifest.add(entry, contents, pointer && is_file ? pointer->oid : "");
    pointer.reset();
  };
  const auto stand_in = [&](const base::Entry& entry) {
    pointer = large.point_to(entry);
    return pointer ? std::optional(lfs::encode_pointer(*pointer)) : std::nullopt;
  };
  snapshot.add_image(limited, root, placed, stand_in);
  manifest.finish();
  snapshot.add_file(manifest_path, text, text->size());
}

void write_manifest(base::EntrySource& entries, const std::string& rootfs, base::ByteSink& out) {
  const base::RootedDir directory = base::RootedDir::open(rootfs);
  rootfs::ManifestRecorder manifest(out);
  git::PlacementRules rules(root);
  base::Entry entry;
  while (entries.next(entry)) {
    std::string contents;
    if (is_displaced_file(entry, rules.place(entry))) {
      auto file = std::make_shared<base::UniqueFd>(directory.open_file(entry.path));
      base::FilePart bytes(std::move(file), 0, entry.size, base::cat(rootfs, "/", entry.path));
      contents = sha256_of(bytes);
    }
    manifest.add(entry, contents);
    entry = base::Entry{};
  }
  manifest.finish();
}

}  // namespace resource
