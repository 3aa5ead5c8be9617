#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "git/staged_files.hpp"
#include "lfs/store.hpp"
#include "resource/commit_source.hpp"
#include "resource/protocol.hpp"
#include "rootfs/limits.hpp"

namespace resource {

/// The files of which a manifest says that git-lfs keeps them. Error when it lists more than an
/// image may cost.
std::vector<lfs::Object> large_files_of(const git::StoredBlob& manifest,
                                        const rootfs::Limits& limits);

/// The files below `rootfs`, a tree in the commit's tree `top`, that a checkout would hand to
/// git-lfs: pointers to which .gitattributes give the filter lfs. Error when the tree is
/// more than an image may cost.
std::vector<lfs::Object> large_files_of(const git::ObjectStore& store, const git::Oid& top,
                                        const git::Oid& rootfs, const rootfs::Limits& limits);

/// Files that stand ready to be taken.
struct FetchedFiles {
  std::unique_ptr<git::StagedFiles> files;  ///< What the contents are read from.
  LargeContents contents;
};

/// Fetches them to files in `directory`, which must exist and be empty. Error when one cannot be
/// had, is not what its pointer says, or when they are more than an image may cost.
FetchedFiles fetch_large(const std::vector<lfs::Object>& objects, const GitSource& source,
                         const std::string& directory, const rootfs::Limits& limits,
                         base::Log& log);

}  // namespace resource
