#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "git/object_store.hpp"
#include "git/placement.hpp"
#include "rootfs/manifest.hpp"

namespace resource {

/// Files of an image that git-lfs keeps, by SHA-256.
using LargeContents = std::map<std::string, git::StoredBlob>;

/// The entries of an image that was published with a manifest: attributes from there, contents from
/// the commit. Error where the two do not say the same.
class CommitSource : public base::EntrySource {
 public:
  /// `rootfs` is the tree that manifest entries are compared with, `blobs` the one of files that
  /// are kept aside, or null; `large` must have all that the manifest says git-lfs keeps. All
  /// references must outlive this.
  CommitSource(const git::ObjectStore& store, const git::Oid& rootfs, const git::Oid& blobs,
               const git::StoredBlob& manifest, const LargeContents& large);

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override;

 private:
  struct Level {
    std::string path;
    std::vector<git::TreeEntry> entries;  ///< By name, as the manifest lists them.
    size_t next = 0;                      ///< Everything before is compared.
  };
  /// What a first name is in the tree, or, not found there, what is kept aside for it.
  struct First {
    bool found = false;
    uint32_t mode = 0;
    git::Oid id;
  };
  void find_first_names();
  void check_hardlink(const rootfs::ManifestNotes& listed, const std::string& path,
                      const git::TreeEntry* found, bool expected) const;
  void check_symlink(const base::Entry& entry, const git::TreeEntry* found, bool expected) const;
  void enter(const std::string& path, const git::Oid& tree);
  void enter_found(const std::string& path, const git::TreeEntry* found);
  void leave();
  /// The tree's entry for `path`, null when there is none; those before it must be no files of the
  /// image.
  const git::TreeEntry* claim(const std::string& path);
  void check_unlisted(const Level& level, const git::TreeEntry& entry) const;
  void fill(rootfs::ManifestEntry& listed, base::Entry& entry);
  git::StoredBlob find_large(const std::string& sha256, const base::Entry& entry,
                             const git::Oid& pointer) const;
  void fill_file(const rootfs::ManifestNotes& listed, const git::TreeEntry* found,
                 base::Entry& entry);

  const git::ObjectStore& store_;
  git::StoredBlob text_;
  std::unique_ptr<base::ByteSource> manifest_text_;
  rootfs::ManifestReader manifest_;
  const LargeContents& large_;
  git::PlacementRules rules_;
  std::vector<Level> levels_;
  std::map<std::string, git::Oid> blobs_;
  std::map<std::string, First> firsts_;  ///< Of all that has further names.
  git::StoredBlob current_;
  std::unique_ptr<base::ByteSource> stream_;
};

}  // namespace resource
