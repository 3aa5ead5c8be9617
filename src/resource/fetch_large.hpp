#pragma once
#include <string>
#include <vector>

#include "base/log.hpp"
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
/// git-lfs: pointers to which .gitattributes give the filter lfs. Waits for these contents only.
/// Error when the tree is more than an image may cost.
std::vector<lfs::Object> large_files_of(const git::ObjectStore& store, const git::Oid& top,
                                        const git::Oid& rootfs, const rootfs::Limits& limits);

/// Fetches them to files in `directory`, which must exist and be empty; they stand ready to be
/// moved (StagedContent). Error when one cannot be had, is not what its pointer says, or when they
/// are more than an image may cost.
LargeContents fetch_large(const std::vector<lfs::Object>& objects, const GitSource& source,
                          const std::string& directory, const rootfs::Limits& limits,
                          base::Log& log);

}  // namespace resource
