#pragma once
#include <string>

#include "base/entry.hpp"
#include "git/snapshot.hpp"
#include "resource/large_files.hpp"
#include "resource/size_limits.hpp"

namespace resource {

/// The repository's folder for everything that a plain clone has no use for.
inline constexpr std::string_view side_folder = ".rootfs";
inline constexpr std::string_view manifest_path = ".rootfs/manifest.mtree";
/// In a branch and its clones only.
inline constexpr std::string_view hook_path = ".rootfs/hooks/post-checkout";

/// What is about to become a commit.
struct Publication {
  Publication(git::EmptyDirectory empty, const SizeLimits& size_limits, unsigned threads);

  git::Snapshot snapshot;
  SizeLimits limits;
  LargeFiles large;
};

/// Adds an image: rootfs/ with what a git tree can carry, the manifest of every entry with all its
/// attributes, and .rootfs/blobs/ with files whose names a tree cannot carry. Error when a file is
/// over the limit.
void add_image_tree(base::EntrySource& entries, Publication& publication);

/// Writes the manifest that add_image_tree makes of the same entries to `out`. Files are read where
/// they are unpacked, in the directory `rootfs`.
void write_manifest(base::EntrySource& entries, const std::string& rootfs, base::ByteSink& out);

}  // namespace resource
