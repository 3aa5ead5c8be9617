#include "resource/put_report.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/text.hpp"
#include "resource/repository_files.hpp"

namespace resource {
namespace {

using base::cat;
using base::counted;

constexpr size_t most_listed = 20;
/// Clones that grow by more than this, in bytes, for their hard links are worth a warning.
constexpr uint64_t many_copies = 64ULL * 1024 * 1024;

std::vector<std::string> excerpts(const std::vector<std::string>& paths) {
  std::vector<std::string> lines;
  lines.reserve(paths.size());
  for (const std::string& path : paths) lines.push_back(base::excerpt(path));
  return lines;
}

void warn_with_list(std::string_view heading, const std::vector<std::string>& lines,
                    base::Log& log) {
  log.warn(heading);
  for (size_t i = 0; i < lines.size() && i < most_listed; ++i) {
    log.warn(cat("  ", lines[i]));
  }
  if (lines.size() > most_listed) {
    log.warn(cat("  and ", base::with_commas(lines.size() - most_listed), " more"));
  }
}

void tell_of_refused(const git::SnapshotSummary& sum, base::Log& log) {
  if (sum.refused.empty()) return;
  const std::string below =
      sum.below_refused > 0 ? cat(" (and ", base::with_commas(sum.below_refused), " below)") : "";
  warn_with_list(cat("a plain clone lacks ", counted(sum.refused.size(), "entry", "entries"), below,
                     " with names that git servers or checkouts refuse; this type and the hook "
                     "restore them:"),
                 excerpts(sum.refused), log);
}

void warn_of_private(const git::SnapshotSummary& sum, base::Log& log) {
  if (sum.private_files.empty()) return;
  warn_with_list(cat(counted(sum.private_files.size(), "file", "files"),
                     " that not everyone may read in the image can be read by everyone in a plain "
                     "clone, and by whoever can read the repository:"),
                 excerpts(sum.private_files), log);
}

void warn_of_large(const git::SnapshotSummary& sum, base::Log& log) {
  std::vector<git::SnapshotSummary::File> files = sum.large;
  if (files.empty()) return;
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.size > b.size; });
  std::vector<std::string> lines;
  lines.reserve(files.size());
  for (const auto& [path, size] : files)
    lines.push_back(cat(base::excerpt(path), " ", base::human_size(size)));
  warn_with_list(cat(counted(files.size(), "file is", "files are"),
                     " larger than 50 MiB: GitHub warns of those and refuses 100 MiB, as do "
                     "gitlab.com's free plan and Azure DevOps; with source.git.lfs, git-lfs keeps "
                     "such files:"),
                 lines, log);
}

bool is_root(const std::string& user) {
  const std::string name = user.substr(0, user.find(':'));
  return name.empty() || name == "root" || name == "0";
}

void warn_of_user(const std::string& user, base::Log& log) {
  if (is_root(user)) return;
  log.warn(cat("the image runs as ", base::excerpt(user),
               ", who cannot write to /tmp or a home in a plain clone; "
               "this resource type restores owners and modes, as does the hook in .rootfs/hooks"));
}

struct Count {
  uint64_t number;
  const char* one;
  const char* many;
};

/// "2 device nodes, 1 FIFO", or "" when there is nothing.
std::string list(std::initializer_list<Count> counts) {
  std::string text;
  for (const auto& [number, one, many] : counts) {
    if (number > 0) base::append_item(text, ", ", counted(number, one, many));
  }
  return text;
}

}  // namespace

void report_published(const git::SnapshotSummary& sum, const std::string& user, base::Log& log) {
  log.info(cat("image: ", counted(sum.files, "file", "files"), " (", base::human_size(sum.bytes),
               "), ", counted(sum.directories, "directory", "directories"), ", ",
               counted(sum.symlinks, "symlink", "symlinks")));
  if (const auto out = list({{sum.devices, "device node", "device nodes"},
                             {sum.below_dev, "entry below dev/", "entries below dev/"},
                             {sum.fifos, "FIFO", "FIFOs"},
                             {sum.sockets, "socket", "sockets"}});
      !out.empty()) {
    log.info(cat("only in the manifest, git cannot hold it or Concourse makes its own: ", out));
  }
  if (const auto lost =
          list({{sum.owners, "owner other than root", "owners other than root"},
                {sum.permissions, "permission other than 755 and 644",
                 "permissions other than 755 and 644"},
                {sum.setuid, "setuid bit", "setuid bits"},
                {sum.setgid, "setgid bit", "setgid bits"},
                {sum.sticky, "sticky bit", "sticky bits"},
                {sum.capabilities, "file capability", "file capabilities"},
                {sum.xattrs, "other extended attribute", "other extended attributes"},
                {sum.hardlinks, "hard link (becomes a copy)", "hard links (become copies)"}});
      !lost.empty()) {
    log.info(cat("a clone with stock git will not have, unless the hook restores it: ", lost));
  }
  if (sum.stand_ins > 0) {
    log.info(cat("a clone needs git-lfs for ", counted(sum.stand_ins, "file", "files"),
                 "; Concourse's git resource has it"));
  }
  if (sum.placeholders > 0) {
    log.info(cat(counted(sum.placeholders, "empty directory has a stand-in",
                         "empty directories have a stand-in"),
                 " in git (source.git.empty_dirs)"));
  }
  if (sum.copied_bytes >= many_copies) {
    log.warn(cat("hard links become copies: a plain clone takes ",
                 base::human_size(sum.copied_bytes), " more than the image"));
  }
  warn_of_user(user, log);
  warn_of_private(sum, log);
  warn_of_large(sum, log);
  tell_of_refused(sum, log);
}

void warn_of_replaced(const std::vector<std::string>& names, const std::string& branch,
                      base::Log& log) {
  std::vector<std::string> others;
  std::copy_if(names.begin(), names.end(), std::back_inserter(others),
               [](const std::string& name) { return !is_own_name(name); });
  if (others.empty()) return;
  warn_with_list(cat("an image has all of its branch: what else lay on ", base::printable(branch),
                     " is only in its history now; give each image a branch of its own:"),
                 excerpts(others), log);
}

}  // namespace resource
