#include "resource/commit_source.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "git/open_content.hpp"
#include "lfs/pointer.hpp"
#include "resource/tree_walk.hpp"

namespace resource {
namespace {

using base::cat;
using base::EntryKind;
using base::Error;

[[noreturn]] void mismatch(const std::string& path, std::string_view what) {
  throw Error(cat("\"", base::excerpt(path), "\": the manifest and rootfs/ do not agree: ", what,
                  "; publish the image again, or remove .rootfs/ for what a plain clone gives",
                  rootfs::may_be_newer));
}

/// As a put makes it.
bool is_own_placeholder(const git::TreeEntry& entry) {
  return git::is_placeholder(entry) && entry.mode == git::mode_file;
}

}  // namespace

CommitSource::CommitSource(const git::ObjectStore& store, const git::Oid& rootfs,
                           const git::Oid& blobs, const git::StoredBlob& manifest,
                           const LargeContents& large)
    : store_(store),
      text_(manifest),
      manifest_text_(git::open_content(manifest.content, manifest.size)),
      manifest_(*manifest_text_),
      large_(large),
      rules_("rootfs") {
  find_first_names();
  enter("", rootfs);
  if (blobs.is_null()) return;
  for (const git::TreeEntry& entry : checked_entries(store, blobs)) {
    blobs_.emplace(entry.name, entry.id);
  }
}

void CommitSource::find_first_names() {
  const auto text = git::open_content(text_.content, text_.size);
  base::with_context("manifest", [&] {
    rootfs::visit_linked_and_large(*text, [&](const rootfs::ManifestEntry& listed) {
      if (!listed.hardlink.empty()) firsts_.try_emplace(listed.hardlink);
    });
  });
}

void CommitSource::enter(const std::string& path, const git::Oid& tree) {
  Level level{path, {}, 0};
  if (!tree.is_null()) level.entries = checked_entries(store_, tree);
  levels_.push_back(std::move(level));
}

void CommitSource::check_unlisted(const Level& level, const git::TreeEntry& entry) const {
  // A placeholder that the manifest does not list is no file of the image.
  if (is_own_placeholder(entry)) return;
  mismatch(cat(level.path, level.path.empty() ? "" : "/", entry.name),
           "the manifest does not list it");
}

void CommitSource::leave() {
  Level& level = levels_.back();
  while (level.next < level.entries.size()) check_unlisted(level, level.entries[level.next++]);
  levels_.pop_back();
}

const git::TreeEntry* CommitSource::claim(const std::string& path) {
  const auto [parent, name] = base::split_path(path);
  while (levels_.back().path != parent) leave();
  Level& level = levels_.back();
  while (level.next < level.entries.size() && level.entries[level.next].name < name) {
    check_unlisted(level, level.entries[level.next++]);
  }
  const bool found = level.next < level.entries.size() && level.entries[level.next].name == name;
  return found ? &level.entries[level.next++] : nullptr;
}

bool CommitSource::next(base::Entry& entry) {
  stream_.reset();
  current_ = {};
  rootfs::ManifestEntry listed;
  if (!base::with_context("manifest", [&] { return manifest_.next(listed); })) {
    while (!levels_.empty()) leave();
    return false;
  }
  fill(listed, entry);
  return true;
}

void CommitSource::fill(rootfs::ManifestEntry& listed, base::Entry& entry) {
  const bool is_hardlink = !listed.hardlink.empty();
  if (is_hardlink) listed.entry.kind = EntryKind::hardlink;
  const git::Placement placement = rules_.place(listed.entry);
  entry = std::move(listed.entry);
  const std::string& path = entry.path;
  if (path.empty()) return;
  const git::TreeEntry* found = claim(path);
  const bool expected = placement == git::Placement::own_name && listed.contents.empty();
  // What is not under its own name may have the name of the placeholder in its directory.
  if (!expected && found != nullptr && is_own_placeholder(*found)) found = nullptr;
  if (is_hardlink) {
    check_hardlink(listed, path, found, expected);
    // Further names may be listed as those of a further name.
    if (const auto own = firsts_.find(path); own != firsts_.end()) {
      own->second = firsts_.at(listed.hardlink);
    }
    entry.link = std::move(listed.hardlink);
    return;
  }
  if (const auto first = firsts_.find(path); first != firsts_.end() && found != nullptr) {
    first->second = {true, found->mode, found->id};
  }
  switch (entry.kind) {
    case EntryKind::directory:
      return enter_found(path, found);
    case EntryKind::file:
      return fill_file(listed, found, entry);
    case EntryKind::symlink:
      return check_symlink(entry, found, expected);
    default:
      if (found != nullptr) mismatch(path, "git cannot hold what the manifest says it is");
  }
}

void CommitSource::enter_found(const std::string& path, const git::TreeEntry* found) {
  // What stands for an empty directory may be a submodule that is never filled.
  if (found == nullptr || found->mode == git::mode_gitlink) return enter(path, git::Oid{});
  if (found->mode != git::mode_directory) mismatch(path, "it is no directory there");
  enter(path, found->id);
}

void CommitSource::check_symlink(const base::Entry& entry, const git::TreeEntry* found,
                                 bool expected) const {
  if (found == nullptr && expected) mismatch(entry.path, "rootfs/ lacks it");
  if (found != nullptr && (found->mode != git::mode_symlink ||
                           link_text(store_, found->id, entry.path) != entry.link)) {
    mismatch(entry.path, "it is not the same link there");
  }
}

void CommitSource::check_hardlink(const rootfs::ManifestNotes& listed, const std::string& path,
                                  const git::TreeEntry* found, bool expected) const {
  const First& first = firsts_.at(listed.hardlink);
  if (found != nullptr) {
    // What is kept aside never has a pointer of git-lfs in its place; another name of it may.
    const bool known = first.found || (!first.id.is_null() && listed.lfs.empty());
    const bool same = !known || (found->mode == first.mode && found->id == first.id);
    if (!same) mismatch(path, "it is not the same as its other name there");
  } else if (expected && first.found) {
    mismatch(path, "rootfs/ lacks it");
  }
}

void CommitSource::fill_file(const rootfs::ManifestNotes& listed, const git::TreeEntry* found,
                             base::Entry& entry) {
  git::Oid id;
  if (listed.contents.empty()) {
    if (found == nullptr) mismatch(entry.path, "rootfs/ lacks it");
    if (found->mode != git::file_mode(entry)) {
      mismatch(entry.path, "it is not the same kind of file there");
    }
    id = found->id;
  } else {
    const auto aside = blobs_.find(listed.contents);
    if (found != nullptr || aside == blobs_.end()) {
      mismatch(entry.path, cat(".rootfs/blobs/ lacks ", listed.contents));
    }
    id = aside->second;
    if (const auto first = firsts_.find(entry.path); first != firsts_.end()) {
      first->second = {false, git::file_mode(entry), id};
    }
  }
  current_ = listed.lfs.empty() ? store_.find_blob(id) : find_large(listed.lfs, entry, id);
  if (current_.size != entry.size) mismatch(entry.path, "its size differs");
  entry.content = current_.content;
}

git::StoredBlob CommitSource::find_large(const std::string& sha256, const base::Entry& entry,
                                         const git::Oid& pointer) const {
  const git::StoredBlob text = store_.find_blob(pointer);
  const bool same = text.size <= lfs::longest_pointer &&
                    lfs::parse_pointer(store_.read_blob(pointer, lfs::longest_pointer)) ==
                        lfs::Pointer{sha256, entry.size};
  if (!same) mismatch(entry.path, "it is not the same pointer of git-lfs there");
  const auto found = large_.find(sha256);
  if (found == large_.end()) mismatch(entry.path, "git-lfs did not give it");
  return found->second;
}

base::ByteSource& CommitSource::data() {
  stream_ = git::open_content(current_.content, current_.size);
  return *stream_;
}

}  // namespace resource
