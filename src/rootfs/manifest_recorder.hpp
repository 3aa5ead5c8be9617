#pragma once
#include <map>
#include <string>

#include "base/entry.hpp"
#include "rootfs/manifest.hpp"

namespace rootfs {

/// Writes a manifest of the entries of a DirectorySource or VirtualSource, in their order.
class ManifestRecorder {
 public:
  explicit ManifestRecorder(base::ByteSink& out) : writer_(out) {}

  /// `contents` is the SHA-256 of a file whose content is kept aside, `lfs` that of one which
  /// git-lfs keeps; else "".
  void add(const base::Entry& entry, const std::string& contents = {}, const std::string& lfs = {});

  /// Hands the rest to the sink.
  void finish() { writer_.finish(); }

 private:
  ManifestWriter writer_;
  /// What further names are names of.
  std::map<std::string, base::Entry> first_names_;
};

}  // namespace rootfs
