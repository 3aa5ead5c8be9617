#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/entry.hpp"
#include "base/json.hpp"
#include "resource/large_files.hpp"
#include "rootfs/limits.hpp"

namespace resource {

inline constexpr uint64_t no_limit = UINT64_MAX;

/// What the server of a repository takes, in bytes.
struct SizeLimits {
  uint64_t file = no_limit;  ///< Of one file (`git.max_file_size`).
  uint64_t push = no_limit;  ///< Of the pack of one push (`git.max_push_size`).
  uint64_t lfs = no_limit;   ///< Files from here on are git-lfs's (`git.lfs.threshold`).
};

/// Reads the limits out of `git`. What it does not set is unlimited, but for the known limits of
/// the host that `uri` names.
SizeLimits parse_size_limits(const base::JsonView& git, const std::string& uri);

/// Reads `source.limits`, of what an image may cost. What it does not set keeps its default.
rootfs::Limits parse_unpack_limits(const base::JsonView& limits);

/// Hands on the entries of an image. When all have passed, throws an Error if there were files over
/// the limit, the largest first in the message. What git-lfs takes has no limit.
class LimitedSource : public base::EntrySource {
 public:
  /// All must outlive this.
  LimitedSource(base::EntrySource& entries, uint64_t largest_file, const LargeFiles& large)
      : entries_(entries), largest_file_(largest_file), large_(large) {}

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override { return entries_.data(); }

 private:
  struct File {
    std::string path;
    uint64_t size;
  };
  [[noreturn]] void refuse();

  base::EntrySource& entries_;
  uint64_t largest_file_;
  const LargeFiles& large_;
  std::vector<File> too_large_;
};

}  // namespace resource
