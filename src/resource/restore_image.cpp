#include "resource/restore_image.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "resource/commit_source.hpp"
#include "resource/fetch_large.hpp"
#include "resource/image_files.hpp"
#include "resource/image_tree.hpp"
#include "resource/plain_source.hpp"
#include "resource/tree_walk.hpp"

namespace resource {
namespace {

using base::cat;
using base::Error;

constexpr uint64_t largest_file = 16 * 1024 * 1024;
/// What stands beside rootfs/, metadata.json apart, which comes last.
constexpr std::array<const char*, 4> small_files = {"labels.json", "repository", "tag", "digest"};

/// A directory of a commit, by name.
class Folder {
 public:
  Folder(const git::ObjectStore& store, const git::Oid& tree)
      : store_(store), entries_(checked_entries(store, tree)) {}

  const git::TreeEntry* find(std::string_view name) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry.name == name; });
    return found == entries_.end() ? nullptr : &*found;
  }
  const git::TreeEntry* find_directory(std::string_view name) const {
    const git::TreeEntry* entry = find(name);
    return entry != nullptr && entry->mode == git::mode_directory ? entry : nullptr;
  }
  const git::TreeEntry* find_file(std::string_view name) const {
    const git::TreeEntry* entry = find(name);
    const bool is_file =
        entry != nullptr && entry->mode != git::mode_directory && entry->mode != git::mode_symlink;
    return is_file ? entry : nullptr;
  }
  /// What is in a file; nothing when it is not there.
  std::optional<std::string> read(std::string_view name) const {
    const git::TreeEntry* entry = find_file(name);
    if (entry == nullptr) return std::nullopt;
    return base::with_context(name, [&] { return store_.read_blob(entry->id, largest_file); });
  }
  /// Copies a file, if it is there, to `path`.
  void copy(std::string_view name, const std::string& path) const {
    if (const auto text = read(name)) base::write_file(path, *text);
  }

 private:
  const git::ObjectStore& store_;
  std::vector<git::TreeEntry> entries_;
};

/// When a commit was made, in seconds since 1970; 0 when it does not say.
int64_t time_of_commit(std::string_view text) {
  const size_t line = text.find("\ncommitter ");
  if (line == text.npos) return 0;
  text = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  const size_t mail = text.rfind("> ");
  int64_t time = 0;
  if (mail != text.npos) std::from_chars(text.data() + mail + 2, text.data() + text.size(), time);
  return time;
}

/// Writes the image of a commit.
class Restorer {
 public:
  explicit Restorer(const ImageInCommit& image)
      : image_(image),
        store_(image.store),
        text_(image.store.commit_text(image.commit)),
        top_(image.store, git::tree_of_commit(text_)),
        rootfs_(top_.find_directory("rootfs")) {
    if (rootfs_ == nullptr || top_.find_file("metadata.json") == nullptr) {
      throw Error("it holds no image: it needs a directory rootfs/ and a file metadata.json");
    }
  }

  void restore(rootfs::Tree& tree) {
    const git::TreeEntry* side = top_.find_directory(side_folder);
    if (side == nullptr) return restore_plain(tree);
    restore_exactly(tree, Folder(store_, side->id));
  }

  rootfs::TreeSummary finish(rootfs::Tree& tree) {
    for (const char* name : small_files) top_.copy(name, path_of(name));
    // Read first: its content may be a file's in the tree, too, below a directory that nobody may
    // enter once the tree is finished.
    const std::optional<std::string> metadata = top_.read("metadata.json");
    const rootfs::TreeSummary summary = tree.finish();
    base::write_file(path_of("metadata.json"), metadata.value());
    // Error for what a put of this image would not read.
    read_image_files(image_.directory);
    return summary;
  }

 private:
  std::string path_of(std::string_view name) const { return cat(image_.directory, "/", name); }

  void restore_exactly(rootfs::Tree& tree, const Folder& side) {
    const git::TreeEntry* listed = side.find_file("manifest.mtree");
    if (listed == nullptr) throw Error(cat(side_folder, "/ lacks manifest.mtree"));
    const git::TreeEntry* blobs = side.find_directory("blobs");
    const git::StoredBlob text = store_.find_blob(listed->id);
    const LargeContents large = fetch(large_files_of(text, image_.limits));
    CommitSource entries(store_, rootfs_->id, blobs == nullptr ? git::Oid{} : blobs->id, text,
                         large);
    tree.apply(entries, rootfs::Whiteouts::plain_names);
    base::make_directory(path_of(side_folder));
    copy_stream(text, path_of(manifest_path));
    side.copy("image.json", path_of(".rootfs/image.json"));
  }

  void restore_plain(rootfs::Tree& tree) {
    image_.log.info(cat("no ", side_folder, "/: restored as a clone would, owned by root"));
    const auto objects =
        large_files_of(store_, git::tree_of_commit(text_), rootfs_->id, image_.limits);
    const LargeContents fetched = fetch(objects);
    ContentsByPath large;
    for (const lfs::Object& object : objects) {
      large.emplace(object.path, fetched.at(object.oid));
    }
    PlainSource entries(store_, rootfs_->id, time_of_commit(text_), large);
    tree.apply(entries, rootfs::Whiteouts::plain_names);
    if (entries.submodules() > 0) {
      image_.log.warn(base::counted(entries.submodules(), "submodule became an empty directory",
                                    "submodules became empty directories"));
    }
  }

  /// What git-lfs keeps.
  LargeContents fetch(const std::vector<lfs::Object>& objects) {
    const std::string folder = cat(image_.staging, "/large");
    base::make_directory(folder);
    return fetch_large(objects, image_.source, folder, image_.limits, image_.log);
  }

  static void copy_stream(const git::StoredBlob& blob, const std::string& path) {
    base::OutputFile file(path);
    const auto stream = git::open_content(blob.content, blob.size);
    base::copy_all(*stream, file);
    file.publish();
  }

  const ImageInCommit& image_;
  const git::ObjectStore& store_;
  const std::string& text_;
  Folder top_;
  const git::TreeEntry* rootfs_;
};

}  // namespace

void restore_rootfs(const ImageInCommit& image, rootfs::Tree& tree) {
  Restorer(image).restore(tree);
}

rootfs::TreeSummary finish_image(const ImageInCommit& image, rootfs::Tree& tree) {
  return Restorer(image).finish(tree);
}

}  // namespace resource
